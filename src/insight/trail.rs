//! Trail.
/// x
pub struct ArticleRead; 
/// x
pub struct Trail; 
/// x
pub struct TrailSearch;
