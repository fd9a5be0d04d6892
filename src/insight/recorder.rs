//! Recorder.
/// x
pub struct Recorder;
