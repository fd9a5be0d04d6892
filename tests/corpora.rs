//! Large collections of other people's articles: every file is read, nothing panics, and the problems are few.
//!
//! The collections are not part of the repository. `ZERODESK_CORPORA` names a folder of `*.tar.zst`; without it
//! these tests say so and pass. They need the program `zstd`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zerodesk::article::{LinkTarget, parse, render_under};

/// Share of files that may have a problem; the collections are kept by people who look after them.
const FAULTY_AT_MOST: f64 = 0.02;

#[test]
fn other_peoples_articles_are_read() {
    let Some(folder) = std::env::var_os("ZERODESK_CORPORA").map(PathBuf::from) else {
        eprintln!("skipped: ZERODESK_CORPORA names no folder");
        return;
    };
    let entries = std::fs::read_dir(&folder).expect("ZERODESK_CORPORA names a folder");
    let mut archives: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    archives.retain(|path| path.to_string_lossy().ends_with(".tar.zst"));
    assert!(!archives.is_empty(), "there is no .tar.zst in {}", folder.display());
    for archive in archives {
        read_all(&archive);
    }
}

fn read_all(archive: &Path) {
    let (mut files, mut faulty, mut spent) = (0_u32, 0_u32, Duration::ZERO);
    each_file(archive, |path, bytes| {
        let is_article = Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md"));
        if !is_article {
            return;
        }
        let started = Instant::now();
        let parsed = parse(path, bytes);
        spent += started.elapsed();
        files += 1;
        faulty += u32::from(!parsed.problems.is_empty());
        for problem in &parsed.problems {
            eprintln!("{problem}");
        }
        let article = parsed.article;
        let html = render_under(&article.front_matter.title, &article.body, &|_| LinkTarget::Keep);
        assert!(!html.contains("<script") && !html.contains("<svg"), "{path}");
    });
    let rate = f64::from(files) / spent.as_secs_f64();
    eprintln!("{}: {files} articles, {faulty} with problems, {rate:.0} articles a second", archive.display());
    assert!(files > 0, "{} holds no articles", archive.display());
    assert!(f64::from(faulty) <= f64::from(files) * FAULTY_AT_MOST, "{faulty} of {files} have problems");
}

/// Calls `each` with the path and the content of every file of a `.tar.zst`.
fn each_file(archive: &Path, mut each: impl FnMut(&str, &[u8])) {
    let mut zstd =
        Command::new("zstd").arg("-dcq").arg(archive).stdout(Stdio::piped()).spawn().expect("zstd is installed");
    let mut tar = std::io::BufReader::new(zstd.stdout.take().expect("it was piped"));
    let mut long_name = None;
    let mut header = [0; 512];
    while tar.read_exact(&mut header).is_ok() && header[0] != 0 {
        let size = usize::from_str_radix(text(&header[124..136]).trim(), 8).expect("a size is octal");
        let mut content = vec![0; size.next_multiple_of(512)];
        tar.read_exact(&mut content).expect("the archive is whole");
        content.truncate(size);
        match header[156] {
            b'L' => long_name = Some(text(&content)),
            b'x' => long_name = pax_path(&content).or(long_name),
            b'0' | 0 => {
                let prefix = text(&header[345..500]);
                let short = text(&header[..100]);
                let short = if prefix.is_empty() { short } else { format!("{prefix}/{short}") };
                each(&long_name.take().unwrap_or(short), &content);
            }
            _ => long_name = None,
        }
    }
    drop(tar);
    zstd.wait().expect("zstd ends");
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The path among the records of a pax header: `31 path=...`.
fn pax_path(content: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(content).into_owned();
    text.lines().find_map(|line| line.split_once(" path=").map(|(_, path)| path.to_owned()))
}
