//! `zerodesk check`: what is wrong with a folder of articles, for writers and for continuous integration.
//!
//! It judges what only the whole folder can tell (links, names that clash), beside what each file told when it
//! was parsed. It changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use percent_encoding::percent_decode_str;

use super::{Settings, synonyms};
use crate::article::{self, Article, Link, Links, Parsed, Problem, ProblemCode, Severity};
use crate::source::{Directory, unreadable};

/// Arguments of `zerodesk check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Folder of articles [default: the configured one]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Checks the folder and prints what it found; exit code 1 when there is an error among it.
pub(super) fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings { config: args.config, articles: args.folder, ..Settings::default() };
    let config = settings.load()?;
    let source = Directory::open(&config.articles)?;
    let scan = source.scan()?;
    let (mut parsed, mut unread) = (Vec::with_capacity(scan.files.len()), scan.problems);
    for file in scan.files {
        match source.read(&file.path) {
            Ok(bytes) => parsed.push(article::parse(&file.path, &bytes)),
            Err(error) => unread.push(unreadable(file.path, &error)),
        }
    }
    let mut found = problems(&parsed, &|path| source.resolve(path).is_some());
    found.splice(0..0, unread);
    found.splice(0..0, synonyms::read(&config).err());
    let errors = report(parsed.len(), &found, &mut io::stdout().lock())?;
    Ok(ExitCode::from(u8::from(errors)))
}

/// All problems of a folder, by file and line: those of parsing and those between articles.
///
/// `exists` says whether a file that is no article is there (a picture); it is asked with a path below the folder.
pub fn problems(articles: &[Parsed], exists: &dyn Fn(&str) -> bool) -> Vec<Problem> {
    let folder = Folder::new(articles);
    let mut problems: Vec<Problem> = articles.iter().flat_map(|parsed| parsed.problems.clone()).collect();
    for (article, links) in &folder.articles {
        problems.extend(links.links.iter().filter_map(|link| folder.check_link(article, links, link, exists)));
        problems.extend(folder.check_names(article));
        problems.extend(missing(article));
    }
    problems.sort_by(|a, b| (&a.path, a.line, a.column, a.code).cmp(&(&b.path, b.line, b.column, b.code)));
    problems
}

/// Prints problems, one a line, and a last line that counts them. Returns whether there is an error among them.
pub fn report(articles: usize, problems: &[Problem], out: &mut dyn Write) -> io::Result<bool> {
    let mut path = None;
    for problem in problems {
        if path.is_some_and(|path| path != &problem.path) {
            writeln!(out)?;
        }
        path = Some(&problem.path);
        writeln!(out, "{problem}")?;
    }
    if !problems.is_empty() {
        writeln!(out)?;
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let warnings = problems.len() - errors;
    writeln!(out, "{}: {}, {}", count(articles, "article"), count(errors, "error"), count(warnings, "warning"))?;
    Ok(errors > 0)
}

/// The articles of a folder by every name that a link may use.
struct Folder<'a> {
    articles: Vec<(&'a Article, Links)>,
    by_path: HashMap<&'a str, usize>,
    by_slug: BTreeMap<&'a str, usize>,
    /// The first article with an earlier address.
    by_alias: HashMap<&'a str, usize>,
    /// The last parts of earlier addresses.
    alias_names: HashMap<&'a str, usize>,
    /// The first article of a language with a title.
    by_title: HashMap<(&'a str, String), usize>,
    /// Titles and file names of any language, for wiki links.
    wiki_names: HashSet<String>,
}

impl<'a> Folder<'a> {
    fn new(parsed: &'a [Parsed]) -> Self {
        let mut articles: Vec<_> =
            parsed.iter().map(|parsed| (&parsed.article, article::links(&parsed.article))).collect();
        articles.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let mut folder = Self {
            articles: Vec::new(),
            by_path: HashMap::new(),
            by_slug: BTreeMap::new(),
            by_alias: HashMap::new(),
            alias_names: HashMap::new(),
            by_title: HashMap::new(),
            wiki_names: HashSet::new(),
        };
        for (at, (article, _)) in articles.iter().enumerate().filter(|(_, (article, _))| !article.front_matter.draft) {
            let head = &article.front_matter;
            folder.by_path.insert(&article.path, at);
            folder.by_slug.entry(&head.slug).or_insert(at);
            folder.by_title.entry(title_key(article)).or_insert(at);
            folder.wiki_names.extend([head.title.to_lowercase(), file_name(&article.path).to_lowercase()]);
            for alias in &head.aliases {
                folder.by_alias.entry(alias).or_insert(at);
                folder.alias_names.entry(last_part(alias)).or_insert(at);
            }
        }
        folder.articles = articles;
        folder
    }

    fn check_link(&self, from: &Article, own: &Links, link: &Link, exists: &dyn Fn(&str) -> bool) -> Option<Problem> {
        let (address, fragment) = link.target.split_once('#').unwrap_or((&link.target, ""));
        let address = address.split('?').next().unwrap_or_default();
        if is_elsewhere(&link.target) || (address.is_empty() && fragment.is_empty()) {
            return None;
        }
        let address = percent_decode_str(address).decode_utf8_lossy();
        let target = match self.find(from, &address, link.is_wiki, exists) {
            Found::Article(at) => &self.articles[at].1,
            Found::Here => own,
            Found::Outside => return None,
            Found::Nothing => {
                let message = format!("`{}` leads nowhere", link.target);
                let help = "correct the path (it is relative to this file), or remove the link";
                return Some(fault(from, link, ProblemCode::BrokenLink, message, help));
            }
        };
        let fragment = percent_decode_str(fragment).decode_utf8_lossy();
        if fragment.is_empty() || target.anchors.contains(&*fragment) || is_top(&fragment) {
            return None;
        }
        let message = format!("there is no heading with the anchor `#{fragment}`");
        let help = match nearest(&fragment, &target.anchors) {
            Some(near) => format!("did you mean `#{near}`?"),
            None => "use the words of a heading in lower case, with `-` for spaces".to_owned(),
        };
        Some(fault(from, link, ProblemCode::BrokenAnchor, message, &help))
    }

    fn find(&self, from: &Article, address: &str, is_wiki: bool, exists: &dyn Fn(&str) -> bool) -> Found {
        if address.is_empty() {
            return Found::Here;
        }
        if is_wiki
            && (self.wiki_names.contains(&address.to_lowercase()) || self.by_slug.contains_key(last_part(address)))
        {
            return Found::Outside;
        }
        if let Some(absolute) = address.strip_prefix('/') {
            return self.find_absolute(absolute, exists);
        }
        let Some(path) = join(&from.path, address) else { return Found::Nothing };
        if let Some(at) = self.find_article(&path) {
            return Found::Article(at);
        }
        if exists(&path) { Found::Outside } else { Found::Nothing }
    }

    /// Addresses of the help centre itself; any other absolute address belongs to the site around it.
    fn find_absolute(&self, address: &str, exists: &dyn Fn(&str) -> bool) -> Found {
        if let Some(slug) = address.strip_prefix("a/") {
            let slug = slug.trim_end_matches('/');
            let at = self.by_slug.get(slug).or_else(|| self.alias_names.get(slug));
            return at.map_or(Found::Nothing, |at| Found::Article(*at));
        }
        match address.strip_prefix("media/") {
            Some(path) if !exists(path) => Found::Nothing,
            _ => Found::Outside,
        }
    }

    fn find_article(&self, path: &str) -> Option<usize> {
        let bare = path.trim_end_matches('/');
        let bare = bare.strip_suffix(".html").unwrap_or(bare);
        let names = [bare.to_owned(), format!("{bare}.md"), format!("{bare}/index.md"), format!("{bare}/README.md")];
        names.iter().find_map(|name| self.by_path.get(name.trim_start_matches('/')).copied())
    }

    /// Names that another article has taken, and relations to articles that are not there.
    fn check_names(&self, article: &Article) -> Vec<Problem> {
        let head = &article.front_matter;
        let mut problems = Vec::new();
        if head.draft {
            return problems;
        }
        let mut add = |code, message, help| problems.push(problem(article, code, message, help));
        let other = |at: usize| Some(self.articles[at].0).filter(|other| other.path != article.path);
        if let Some(other) = self.by_slug.get(head.slug.as_str()).and_then(|at| other(*at)) {
            let message = format!("the slug `{}` is already that of {}", head.slug, other.path);
            add(ProblemCode::DuplicateSlug, message, "give one of them another `slug`");
        }
        if let Some(other) = self.by_title.get(&title_key(article)).and_then(|at| other(*at)) {
            let message = format!("the title `{}` is already that of {}", head.title, other.path);
            add(ProblemCode::DuplicateTitle, message, "say in the title what sets them apart");
        }
        for alias in &head.aliases {
            let slug = self.by_slug.get(last_part(alias)).filter(|_| is_own_address(alias));
            if let Some(other) = slug.or_else(|| self.by_alias.get(alias.as_str())).and_then(|at| other(*at)) {
                let message = format!("the alias `{alias}` is already an address of {}", other.path);
                add(ProblemCode::AliasTaken, message, "remove the alias here or there");
            }
        }
        for related in &head.related {
            let by_path = || join(&article.path, related).and_then(|path| self.find_article(&path));
            let known =
                self.by_slug.contains_key(last_part(related)) || self.find_article(related).or_else(by_path).is_some();
            if !known && !is_elsewhere(related) {
                let message = format!("the related article `{related}` is not there");
                add(ProblemCode::BrokenRelation, message, "write the slug or the path of an article");
            }
        }
        problems
    }
}

/// Where a link leads.
enum Found {
    /// To an article of the folder.
    Article(usize),
    /// To the article that it stands in.
    Here,
    /// To something that exists or cannot be checked.
    Outside,
    /// To nothing.
    Nothing,
}

/// What an article lacks. A description is only asked for where there is front matter to put it into.
fn missing(article: &Article) -> Vec<Problem> {
    let head = &article.front_matter;
    let mut problems = Vec::new();
    if head.draft {
        return problems;
    }
    if !article.is_titled {
        let message = format!("there is no title, so the file name stands for it: `{}`", head.title);
        problems.push(problem(
            article,
            ProblemCode::MissingTitle,
            message,
            "begin with a heading `# ...`, or give a `title`",
        ));
    }
    if head.description.is_none() && article.body_line > 1 {
        let message = "there is no description".to_owned();
        let help = "add a `description` of one sentence; lists show it below the title";
        problems.push(problem(article, ProblemCode::MissingDescription, message, help));
    }
    problems
}

fn problem(article: &Article, code: ProblemCode, message: String, help: &str) -> Problem {
    let (path, help) = (article.path.clone(), help.to_owned());
    Problem { path, line: 1, column: 1, severity: code.severity(), code, message, help }
}

fn fault(article: &Article, link: &Link, code: ProblemCode, message: String, help: &str) -> Problem {
    Problem { line: link.line, column: link.column, ..problem(article, code, message, help) }
}

fn title_key(article: &Article) -> (&str, String) {
    (article.front_matter.lang.as_deref().unwrap_or_default(), article.front_matter.title.to_lowercase())
}

/// Whether an address names another site or program.
fn is_elsewhere(address: &str) -> bool {
    let scheme = address.split(['/', '#', '?']).next().unwrap_or_default().split_once(':').map(|(scheme, _)| scheme);
    address.starts_with("//")
        || scheme.is_some_and(|scheme| {
            !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
        })
}

/// Whether an alias is an address of articles, and not of some other site structure.
fn is_own_address(alias: &str) -> bool {
    let path = alias.trim_matches('/');
    !path.contains('/') || path.starts_with("a/") && path.matches('/').count() == 1
}

/// Fragments that browsers and other tools give a meaning of their own.
fn is_top(fragment: &str) -> bool {
    fragment == "top" || fragment.starts_with(":~:") || fragment.starts_with("tab/")
}

fn last_part(address: &str) -> &str {
    let last = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.strip_suffix(".html").or_else(|| last.strip_suffix(".md")).unwrap_or(last)
}

fn file_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.rsplit_once('.').map_or(file, |(name, _)| name)
}

/// The path of a relative address in the file `from`; nothing where it leaves the folder.
fn join(from: &str, address: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in address.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The anchor that was probably meant: the same letters in another spelling, or one that begins the same.
fn nearest<'a>(fragment: &str, anchors: &'a std::collections::BTreeSet<String>) -> Option<&'a str> {
    let letters =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let wanted = letters(fragment);
    let same = anchors.iter().find(|anchor| letters(anchor) == wanted);
    let begins = || anchors.iter().find(|anchor| !wanted.is_empty() && letters(anchor).starts_with(&wanted));
    same.or_else(begins).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Problems between the files, as `path:line:column code`.
    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let parsed: Vec<Parsed> = files.iter().map(|(path, text)| article::parse(path, text.as_bytes())).collect();
        let found = problems(&parsed, &|path| path == "media/cat.png" || path == "docs/data.csv");
        found.iter().map(|p| format!("{}:{}:{} {}", p.path, p.line, p.column, p.code.as_str())).collect()
    }

    #[test]
    fn links_and_anchors_that_lead_nowhere_are_found() {
        let other = ("docs/other.md", "# Other\n\n## Part one\n\n<a name=\"own\"></a>\n\n## Größe\n");
        let table = [
            ("[x](other.md)", None),
            ("[x](./other.md#part-one)", None),
            ("[x](other#part-one)", None),
            ("[x](other.html)", None),
            ("[x](../docs/other.md#own)", None),
            ("[x](other.md#gr%C3%B6%C3%9Fe)", None),
            ("[x](other.md?view=1#part-one)", None),
            ("[x](/a/docs-other#part-one)", None),
            ("[x](/somewhere/else)", None),
            ("[x](https://example.org/x#y) <me@example.org> [y](mailto:a@b.c) [z](tel:1)", None),
            ("[x](#title)", None),
            ("![x](../media/cat.png)", None),
            ("![x](/media/media/cat.png)", None),
            ("[x](data.csv)", None),
            ("[[Other]] [[other]] [[docs-other|x]]", None),
            ("`[x](nowhere.md)`", None),
            ("[x](nowhere.md)", Some("3:1 broken-link")),
            ("text [x](nowhere.md)", Some("3:6 broken-link")),
            ("[x](../../outside.md)", Some("3:1 broken-link")),
            ("![x](dog.png)", Some("3:1 broken-link")),
            ("<img src=\"dog.png\">", Some("3:1 broken-link")),
            ("[x](/a/nowhere)", Some("3:1 broken-link")),
            ("![x](/media/dog.png)", Some("3:1 broken-link")),
            ("[[Nowhere]]", Some("3:1 broken-link")),
            ("[x](#nowhere)", Some("3:1 broken-anchor")),
            ("[x](other.md#part-two)", Some("3:1 broken-anchor")),
            ("::: note\n[x](nowhere.md)\n:::", Some("4:3 broken-link")),
        ];
        for (text, expected) in table {
            let body = format!("# Title\n\n{text}\n");
            let expected: Vec<_> = expected.iter().map(|place| format!("docs/a.md:{place}")).collect();
            assert_eq!(check(&[("docs/a.md", &body), other]), expected, "{text}");
        }
    }

    #[test]
    fn names_that_clash_are_found() {
        let table: [(&str, &str, &[&str]); 9] = [
            (
                "---\nslug: x\ndescription: d\n---\n# A",
                "---\nslug: x\ndescription: d\n---\n# B",
                &["b.md:1:1 duplicate-slug"],
            ),
            ("---\nslug: x\ndraft: true\n---\n# A", "---\nslug: x\ndescription: d\n---\n# B", &[]),
            ("# Same", "# same", &["b.md:1:1 duplicate-title"]),
            ("---\nlang: en\ndescription: d\n---\n# Same", "---\nlang: nl\ndescription: d\n---\n# Same", &[]),
            ("# A", "---\naliases: [/a]\ndescription: d\n---\n# B", &["b.md:1:1 alias-taken"]),
            ("# A", "---\naliases: [/old/a, c]\ndescription: d\n---\n# B", &[]),
            (
                "---\naliases: [/old]\ndescription: d\n---\n# A",
                "---\naliases: [/old]\ndescription: d\n---\n# B",
                &["b.md:1:1 alias-taken"],
            ),
            ("# A", "---\nrelated: [a, a.md, zz]\ndescription: d\n---\n# B", &["b.md:1:1 broken-relation"]),
            ("text", "---\ntitle: B\n---\n", &["a.md:1:1 missing-title", "b.md:1:1 missing-description"]),
        ];
        for (a, b, expected) in table {
            assert_eq!(check(&[("a.md", a), ("b.md", b)]), expected, "{a}\n{b}");
        }
    }

    #[test]
    fn the_report_groups_by_file_counts_and_says_whether_there_are_errors() {
        let parsed = [article::parse("a.md", b"# A\n\n[x](#part)\n\n## Part one\n"), article::parse("b.md", b"text")];
        let mut out = Vec::new();
        assert!(report(2, &problems(&parsed, &|_| false), &mut out).unwrap());
        let expected = "\
a.md:3:1: error[broken-anchor]: there is no heading with the anchor `#part`; did you mean `#part-one`?

b.md:1:1: warning[missing-title]: there is no title, so the file name stands for it: `B`; begin with a heading `# ...`, or give a `title`

2 articles: 1 error, 1 warning
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let mut out = Vec::new();
        assert!(!report(1, &[], &mut out).unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), "1 article: 0 errors, 0 warnings\n");
    }
}
