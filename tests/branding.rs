//! How a site looks: colours, logo, style sheet, links, templates; and what happens when one of them is broken.

use crate::support::{HELP, Server};

const LOGO: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"40\"><script>alert(1)</script></svg>";

#[tokio::test]
async fn a_site_has_its_own_colours_logo_style_and_links() {
    let builder = Server::with(HELP);
    let (css, logo) = (builder.file("brand.css", ".brand { color: hotpink; }"), builder.file("logo.svg", LOGO));
    let settings = format!(
        "[sites.default]\nname = \"Acme\"\n[sites.default.brand]\naccent = \"#ffd500\"\naccent_dark = \"#001122\"\n\
         css = '{css}'\nlogo = '{logo}'\nfooter = [{{ url = \"/a/holidays\", text = {{ en = \"Hours <now>\", nl = \"Openingstijden\" }} }}]\n\
         [sites.plain]\nname = \"Plain\""
    );
    let server = builder.configured(&settings).start().await;
    let page = server.page("/a/printer").await;
    assert!(page.contains("<a href=\"/a/holidays\">Hours &lt;now&gt;</a>"), "{page}");
    assert!(server.page("/?lang=nl").await.contains("<a href=\"/a/holidays\">Openingstijden</a>"));
    let after = |mark: &str| {
        let at = page.find(mark).unwrap_or_else(|| panic!("{mark}: {page}"));
        page[at..].split('"').next().unwrap().to_owned()
    };
    let style = server.get(&after("/brand/default/page.css?v=")).await;
    assert!(style.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    let style = style.text().await.unwrap();
    for part in
        ["--accent: light-dark(#ffd500, #001122)", "--on-accent: light-dark(#000000, #ffffff)", "hotpink", ".skip"]
    {
        assert!(style.contains(part), "{part}");
    }
    assert!(page.contains("width=\"120\" height=\"40\""), "{page}");
    let logo = server.get(&after("/brand/default/logo?v=")).await;
    assert_eq!(logo.headers()["content-type"], "image/svg+xml");
    assert!(logo.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let plain = server.page("/?site=plain&lang=en").await;
    assert!(plain.contains("/assets/page.css?v=") && !plain.contains("/brand/"), "{plain}");
    for path in ["/brand/plain/page.css", "/brand/default/secret", "/brand/none/logo"] {
        assert_eq!(server.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn one_template_can_be_replaced_and_the_others_stay() {
    let builder = Server::with(HELP);
    let path = builder.file(
        "templates/base.html",
        "{% extends \"built-in/base.html\" %}{% block footer %}<footer>Made by {{ site.name }} {{ query }}</footer>{% endblock %}",
    );
    let folder = path.trim_end_matches("/base.html").to_owned();
    let settings = format!("[sites.default]\nname = \"A & B\"\n[sites.default.brand]\ntemplates = '{folder}'");
    let server = builder.configured(&settings).start().await;
    let page = server.page("/search?lang=en&q=%3Cscript%3E").await;
    assert!(page.contains("<footer>Made by A &amp; B &lt;script&gt;</footer>"), "{page}");
    assert!(server.page("/a/printer").await.contains("<h1>The printer prints blank pages</h1>"));
    std::fs::write(
        format!("{folder}/base.html"),
        "{% extends \"built-in/base.html\" %}{% block footer %}Changed{% endblock %}",
    )
    .unwrap();
    assert!(server.page("/a/printer").await.contains("Changed"), "templates are read again");
    std::fs::remove_file(format!("{folder}/base.html")).unwrap();
    assert!(server.page("/a/printer").await.contains("<footer class=\"bottom\">"));
}

#[tokio::test]
async fn a_broken_template_is_named_with_its_line_and_the_built_in_one_shown() {
    let builder = Server::with(HELP).previewing();
    for (name, text) in [("home.html", "fine\n{% if %}"), ("article.html", "one\ntwo {{ nothing.at.all }}")] {
        builder.file(&format!("templates/{name}"), text);
    }
    let folder = builder.file("templates/README.md", "").replace("/README.md", "");
    let settings = format!("[sites.default.brand]\ntemplates = '{folder}'\ncss = '{folder}/none.css'");
    let server = builder.configured(&settings).start().await;
    let home = server.page("/?lang=en").await;
    assert!(home.contains("How can we help?"), "{home}");
    assert!(home.contains("templates/home.html: line 2: syntax error"), "{home}");
    assert!(home.contains("none.css: No such file"), "{home}");
    assert!(server.page("/a/printer").await.contains("<h1>The printer prints blank pages</h1>"));
}
