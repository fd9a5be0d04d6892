#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(init: checks::caught_panics_are_no_findings(), |bytes: &[u8]| checks::front_matter(bytes));
