//! Words written as one and as several find each other, in the languages that write compounds as one word and in all
//! others; the real articles are searched together with the made-up ones below, each language by its own words.

use std::{fs, path::Path};

use zerodesk::{
    eval,
    search::{Answer, Query, Searcher},
};

/// Share of the rows that must be found among the first three hits; of a short table, one row may be missed.
const FOUND_AT_LEAST: f64 = 0.95;

/// Articles of one language: a name, a title, a text.
type Articles = &'static [(&'static str, &'static str, &'static str)];

const DUTCH: Articles = &[
    ("wachtwoord", "Je wachtwoord herstellen", "Kies een nieuw wachtwoord en bevestig het."),
    ("factuuradres", "Factuuradres", "Het factuuradres staat bovenaan op elke factuur. Wijzig het onder je profiel."),
    ("verzendkosten", "Verzendkosten", "De verzendkosten hangen af van het gewicht."),
    ("retour", "Een pakket retour sturen", "Vul het formulier in en leg het in de doos. De kosten zijn voor ons."),
    ("levering", "Hoe lang duurt een levering?", "De tijd tot een levering is twee tot drie dagen."),
    ("gebruikersnaam", "Gebruikersnaam wijzigen", "Een gebruikersnaam heeft minstens vier letters."),
    ("inloggegevens", "Inloggegevens kwijt", "Je inloggegevens staan in de welkomstbrief."),
    ("kortingscode", "Kortingscode invullen", "Een kortingscode geldt een maand, daarna vervalt de korting."),
    ("bestelnummer", "Waar vind ik mijn bestelnummer?", "Het bestelnummer staat in de bevestiging van de bestelling."),
    ("rekening", "Geld naar een rekening overmaken", "Elke bank in Europa kan geld naar deze rekening sturen."),
    ("cadeaubon", "Cadeaubon verzilveren", "Een cadeaubon blijft een jaar geldig."),
    ("proefperiode", "Proefperiode", "De proefperiode duurt dertig dagen."),
    ("scherm", "Schermresolutie aanpassen", "Kies de hoogste schermresolutie."),
    ("account", "Instellingen van je account", "Taal en tijdzone horen bij de instellingen."),
    ("batterij", "De batterij van je telefoon is snel leeg", "Zet de helderheid lager."),
    ("huurcontract", "Huurcontract opzeggen", "Een huurcontract heeft een opzegtermijn van een maand."),
    ("ziektekosten", "Ziektekosten", "Ziektekosten worden binnen een week vergoed."),
    ("verzekeringspas", "Verzekeringspas aanvragen", "Een verloren verzekeringspas wordt gratis vervangen."),
    ("inlogpagina", "De pagina om in te loggen laadt niet", "Vernieuw de pagina of wis de tijdelijke bestanden."),
    ("huisdier", "Huisdierverzekering", "De huisdierverzekering dekt bezoek aan de dierenarts."),
    ("kind", "Kinderfiets huren", "Een kinderfiets heeft een stalling nodig."),
    ("fiets", "Een stalling voor je fiets", "Zet je fiets op slot."),
    ("storing", "Een storing melden", "Storingen melden gaat telefonisch, dag en nacht."),
    ("aanmelden", "Aanmelden voor de nieuwsbrief", "Je kunt je aanmelden en afmelden met een klik."),
    ("rekenen", "Berekening van de rente", "De berekening volgt de marktrente."),
    ("tanden", "Bestand openen", "Elk bestand heeft een naam."),
    ("meubels", "Stoelen verstellen", "Stoelen verstellen en bestellen."),
    ("garantie", "Garantiebewijs kwijt", "Zonder garantiebewijs helpt de betaling."),
    ("spaarpunten", "Spaarpunten inwisselen", "Spaarpunten blijven twee jaar geldig."),
    ("kabel", "De kabel voor stroom is te kort", "Er is ook een langere kabel."),
    ("vakantie", "Vakantiedagen aanvragen", "Vakantiedagen vraag je een maand vooraf aan."),
    ("parkeren", "Parkeervergunning", "Een parkeervergunning geldt voor een kenteken."),
    ("verhuizen", "Adreswijziging doorgeven", "Een adreswijziging kost niets."),
    ("handleiding", "Gebruiksaanwijzing downloaden", "De gebruiksaanwijzing staat op de doos."),
];

const GERMAN: Articles = &[
    ("passwort", "Passwort zurücksetzen", "Ein neues Passwort braucht zwölf Zeichen."),
    ("rechnungsadresse", "Rechnungsadresse ändern", "Die Rechnungsadresse steht im Profil."),
    ("lieferung", "Wohin geht die Lieferung?", "Die Adresse für eine Lieferung ändern Sie bis zum Versand."),
    ("versandkosten", "Versandkosten", "Versandkosten hängen vom Gewicht ab."),
    ("kuendigungsfrist", "Kündigungsfrist", "Die Kündigungsfrist beträgt einen Monat."),
    ("konto", "Ein Konto für weitere Benutzer", "Jedes Konto hat einen eigenen Namen."),
    ("sicherheit", "Sicherheitseinstellungen", "Alle Sicherheitseinstellungen auf einen Blick."),
    ("zahlung", "Mit der Karte bezahlen", "Eine Zahlung mit Karte dauert Sekunden."),
    ("gutscheincode", "Gutscheincode einlösen", "Ein Gutscheincode gilt einmal."),
    ("vertrag", "Vertragsverlängerung", "Zur Vertragsverlängerung genügt ein Anruf."),
    ("kabel", "Das Kabel für den Strom ist kaputt", "Ein neues Kabel liegt bei."),
    ("treiber", "Druckertreiber aktualisieren", "Druckertreiber gibt es für alle Systeme."),
    ("bildschirm", "Einstellungen am Bildschirm", "Helligkeit und Kontrast wählen."),
    ("krankenkasse", "Krankenversicherungskarte verloren", "Eine neue Krankenversicherungskarte kommt mit der Post."),
    ("kunden", "Die Daten der Kunden löschen", "Nach zehn Jahren werden diese Daten gelöscht."),
    ("umzug", "Umzug in eine andere Wohnung", "Melden Sie den Umzug vier Wochen vorher."),
    ("bestellung", "Die Nummer der Bestellung", "Sie steht in der Bestätigung der Bestellung."),
    ("schulbuch", "Schulbuch ausleihen", "Jedes Schulbuch hat einen Strichcode."),
    ("anmeldung", "Anmeldeformular", "Das Anmeldeformular liegt an der Kasse."),
    ("woerterbuch", "Wörterbuch", "Das Wörterbuch hat alle Sprachen."),
    ("haus", "Die Tür des Hauses klemmt", "Ein Haus arbeitet. Ölen Sie die Tür."),
    ("garten", "Gartenmöbel pflegen", "Gartenmöbel brauchen Öl."),
    ("nachrichten", "Nachrichten lesen", "Nachrichten und Berichte stehen im Eingang."),
    ("richten", "Die Antenne richten", "Richten Sie die Antenne nach Süden."),
    ("vorteile", "Vorteile im Überblick", "Alle Vorteile und Nachteile."),
    ("teile", "Ein Teil fehlt", "Fehlt ein Teil, schicken wir es nach."),
    ("garantie", "Garantieschein verloren", "Ohne Garantieschein hilft der Kassenzettel."),
    ("treuepunkte", "Treuepunkte einlösen", "Treuepunkte verfallen nach zwei Jahren."),
    ("urlaub", "Urlaubsantrag stellen", "Ein Urlaubsantrag braucht eine Unterschrift."),
    ("gehalt", "Gehaltsabrechnung herunterladen", "Die Gehaltsabrechnung kommt am Monatsende."),
    ("adressaenderung", "Adressänderung mitteilen", "Eine Adressänderung kostet nichts."),
    ("anleitung", "Anleitung für die Bedienung", "Die Anleitung liegt im Karton."),
];

const SWEDISH: Articles = &[
    ("losenord", "Återställ ditt lösenord", "Välj ett nytt lösenord."),
    ("konto", "Kontoinställningar", "Under kontoinställningar byter du språk."),
    ("faktura", "Adress för faktura", "En faktura skickas till den här adressen."),
    ("leverans", "Leveranstid", "Leveranstiden är tre dagar."),
    ("skrivare", "Skrivarkabel", "En skrivarkabel följer med."),
    ("namn", "Byt namn som användare", "En användare kan byta namn. Inställningar finns här, kabel och tid också."),
];
const DANISH: Articles = &[
    ("adgangskode", "Glemt adgangskode", "Vælg en ny adgangskode."),
    ("konto", "Kontoindstillinger", "Under kontoindstillinger skifter du sprog."),
    ("faktura", "Adresse til faktura", "Din faktura sendes til denne adresse."),
    ("levering", "Leveringstid", "Leveringstiden er tre dage."),
    ("navn", "Skift navn som bruger", "En bruger kan skifte navn. Indstillinger findes her, og tid til levering."),
];
const NORWEGIAN: Articles = &[
    ("passord", "Glemt passord", "Velg et nytt passord."),
    ("konto", "Kontoinnstillinger", "Under kontoinnstillinger bytter du språk."),
    ("faktura", "Adresse for faktura", "En faktura sendes til denne adressen."),
    ("levering", "Leveringstid", "Leveringstiden er tre dager."),
    ("navn", "Bytt navn som bruker", "En bruker kan bytte navn. Innstillinger finnes her, og tid."),
];
const FINNISH: Articles = &[
    ("salasana", "Salasanan palautus", "Valitse uusi salasana."),
    ("tili", "Tiliasetukset", "Tiliasetukset löytyvät valikosta."),
    ("lasku", "Osoite laskua varten", "Lasku lähetetään tähän osoitteeseen."),
    ("toimitus", "Toimitusaika", "Toimitusaika on kolme päivää."),
    ("kayttaja", "Käyttäjätunnus", "Käyttäjätunnus on sähköpostiosoite. Asetukset ja aika."),
];

/// What a visitor types, and the article that it must bring up; a name with a slash is a real article.
const TABLE: &[(&str, &[(&str, &str)])] = &[
    (
        "nl",
        &[
            ("wachtwoordherstel", "wachtwoord"),
            ("wachtwoord herstel", "wachtwoord"),
            ("herstel van wachtwoorden", "wachtwoord"),
            ("adres op de factuur", "factuuradres"),
            ("factuur adres", "factuuradres"),
            ("kosten verzending", "verzendkosten"),
            ("kosten van verzenden", "verzendkosten"),
            ("retourformulier", "retour"),
            ("retourkosten", "retour"),
            ("leveringstijd", "levering"),
            ("naam van de gebruiker", "gebruikersnaam"),
            ("gebruikers naam", "gebruikersnaam"),
            ("gegevens om in te loggen", "inloggegevens"),
            ("code voor korting", "kortingscode"),
            ("kortingscodes", "kortingscode"),
            ("nummer van mijn bestelling", "bestelnummer"),
            ("bankrekening", "rekening"),
            ("cadeau", "cadeaubon"),
            ("bon", "cadeaubon"),
            ("periode op proef", "proefperiode"),
            ("resolutie van het scherm", "scherm"),
            ("accountinstellingen", "account"),
            ("telefoonbatterij", "batterij"),
            ("contract huur", "huurcontract"),
            ("kosten bij ziekte", "ziektekosten"),
            ("pas van de verzekering", "verzekeringspas"),
            ("inlogpagina", "inlogpagina"),
            ("verzekering voor huisdieren", "huisdier"),
            ("fietsenstalling", "fiets"),
            ("fietsstalling", "fiets"),
            ("fiets voor kind", "kind"),
            ("storingsmelding", "storing"),
            ("token voor toegang kwijt", "nl/lost-access-token"),
            ("toegangs token", "nl/lost-access-token"),
            ("variabelen van de omgeving", "nl/configuration"),
            ("bestand met configuratie", "nl/configuration"),
            ("formulier voor tickets", "nl/handoff"),
            ("stroom viel uit", "nl/databases"),
            ("schijf in het netwerk", "nl/databases"),
            ("ruimte op de schijf", "nl/install"),
            ("gegevens over personen", "nl/privacy"),
            ("verklaring privacy", "nl/privacy"),
            ("banner cookies", "nl/privacy"),
            ("regel van opdrachten", "nl/configuration"),
            ("waarde als drempel", "nl/the-decision"),
            ("niveaus van ondersteuning", "nl/support-levels"),
            ("contract voor support", "nl/support-levels"),
            ("deskgebruikersrol", "nl/add-a-desk-user"),
            ("bewijs van garantie", "garantie"),
            ("punten sparen", "spaarpunten"),
            ("stroomkabel", "kabel"),
            ("vrije dagen in de vakantie", "vakantie"),
            ("vergunning om te parkeren", "parkeren"),
            ("wijziging van adres", "verhuizen"),
            ("aanwijzing voor gebruik", "handleiding"),
        ],
    ),
    (
        "de",
        &[
            ("Passwortrücksetzung", "passwort"),
            ("Passwortzeichen", "passwort"),
            ("Adresse der Rechnung", "rechnungsadresse"),
            ("Rechnung Adresse", "rechnungsadresse"),
            ("Lieferadresse", "lieferung"),
            ("Lieferungsadresse", "lieferung"),
            ("Kosten für den Versand", "versandkosten"),
            ("Frist für die Kündigung", "kuendigungsfrist"),
            ("Benutzerkonto", "konto"),
            ("Benutzerkonten", "konto"),
            ("Einstellungen zur Sicherheit", "sicherheit"),
            ("Kartenzahlung", "zahlung"),
            ("Zahlungskarte", "zahlung"),
            ("Code vom Gutschein", "gutscheincode"),
            ("Gutscheine", "gutscheincode"),
            ("Verlängerung", "vertrag"),
            ("Verträge", "vertrag"),
            ("Stromkabel", "kabel"),
            ("Treiber für den Drucker", "treiber"),
            ("Bildschirmeinstellungen", "bildschirm"),
            ("Karte der Krankenversicherung", "krankenkasse"),
            ("Versicherungskarte", "krankenkasse"),
            ("Kundendaten", "kunden"),
            ("Wohnungsumzug", "umzug"),
            ("Bestellnummer", "bestellung"),
            ("Bestellungsnummer", "bestellung"),
            ("Bücher für die Schule", "schulbuch"),
            ("Formular zur Anmeldung", "anmeldung"),
            ("Buch der Wörter", "woerterbuch"),
            ("Haustür", "haus"),
            ("Möbel im Garten", "garten"),
            ("Token für den Zugriff", "de/lost-access-token"),
            ("Zugriffs-Token", "de/lost-access-token"),
            ("Daten für den Zugang", "de/lost-access-token"),
            ("Variablen der Umgebung", "de/configuration"),
            ("Datei der Konfiguration", "de/configuration"),
            ("Sicherung der Daten", "de/backup"),
            ("Ausfall des Stroms", "de/databases"),
            ("Laufwerk im Netz", "de/databases"),
            ("Auswahl der Sprache", "de/translations"),
            ("Server der Datenbank", "de/databases"),
            ("Werkzeuge für Entwickler", "de/box-does-not-appear"),
            ("Ordner der Artikel", "de/write-an-article"),
            ("Quote der Selbsthilfe", "de/deflection"),
            ("Stufen im Support", "de/support-levels"),
            ("Formular für Tickets", "de/handoff"),
            ("Zufall Zahl", "de/privacy"),
            ("Schein der Garantie", "garantie"),
            ("Punkte für Treue", "treuepunkte"),
            ("Antrag auf Urlaub", "urlaub"),
            ("Abrechnung vom Gehalt", "gehalt"),
            ("Änderung der Adresse", "adressaenderung"),
            ("Bedienungsanleitung", "anleitung"),
        ],
    ),
    (
        "sv",
        &[
            ("lösenordsåterställning", "losenord"),
            ("inställningar för konto", "konto"),
            ("fakturaadress", "faktura"),
            ("tid för leverans", "leverans"),
            ("kabel till skrivare", "skrivare"),
            ("användarnamn", "namn"),
        ],
    ),
    (
        "da",
        &[
            ("kode til adgang", "adgangskode"),
            ("indstillinger for konto", "konto"),
            ("fakturaadresse", "faktura"),
            ("tid", "levering"),
            ("brugernavn", "navn"),
        ],
    ),
    (
        "nb",
        &[
            ("passordbytte", "passord"),
            ("innstillinger for konto", "konto"),
            ("fakturaadresse", "faktura"),
            ("leveringer", "levering"),
            ("brukernavn", "navn"),
        ],
    ),
    (
        "fi",
        &[
            ("salasananpalautus", "salasana"),
            ("tilin asetukset", "tili"),
            ("laskuosoite", "lasku"),
            ("toimituksen aika", "toimitus"),
            ("tunnus", "kayttaja"),
        ],
    ),
];

/// What a visitor types, the article that must come first, and those that must not come at all.
const APART: &[(&str, &str, &str, &[&str])] = &[
    ("nl", "melden", "storing", &["aanmelden"]),
    ("nl", "aanmelden", "aanmelden", &["storing"]),
    ("nl", "rekening", "rekening", &["rekenen"]),
    ("nl", "stellen", "", &["meubels"]),
    ("nl", "tand", "", &["tanden"]),
    ("de", "richten", "richten", &["nachrichten"]),
    ("de", "Nachrichten", "nachrichten", &["richten"]),
    ("de", "Teil", "teile", &["vorteile"]),
    ("de", "Vorteil", "vorteile", &["teile"]),
];

/// The real articles of the project and the made-up ones, in one index.
fn searcher() -> Searcher {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made_up: [(&str, Articles); 6] =
        [("nl", DUTCH), ("de", GERMAN), ("sv", SWEDISH), ("da", DANISH), ("nb", NORWEGIAN), ("fi", FINNISH)];
    for (lang, articles) in made_up {
        let into = folder.path().join(lang).join("made-up");
        fs::create_dir_all(&into).expect("a folder");
        for (name, title, text) in articles {
            let markdown = format!("---\nlang: {lang}\n---\n# {title}\n\n{text}\n");
            fs::write(into.join(format!("{name}.md")), markdown).expect("a file");
        }
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("articles").join(lang);
        for file in fs::read_dir(real).into_iter().flatten() {
            let file = file.expect("it can be listed").path();
            let name = file.file_name().expect("a name");
            fs::copy(&file, folder.path().join(lang).join(name)).expect("it can be copied");
        }
    }
    eval::index(folder.path()).expect("it can be indexed")
}

fn ask(searcher: &Searcher, lang: &str, text: &str) -> Answer {
    let query = Query {
        text: text.to_owned(),
        languages: vec![lang.to_owned()],
        limit: 50,
        typo_tolerance: true,
        ..Query::default()
    };
    searcher.search(&query).expect("the index can be read")
}

fn paths(answer: &Answer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.article.path.as_str()).collect()
}

fn path(lang: &str, article: &str) -> String {
    if article.contains('/') { format!("{article}.md") } else { format!("{lang}/made-up/{article}.md") }
}

#[test]
fn one_word_or_several() {
    let searcher = searcher();
    for (lang, rows) in TABLE {
        let mut misses = Vec::new();
        for (text, article) in *rows {
            let answer = ask(&searcher, lang, text);
            let hits = paths(&answer);
            if !hits.iter().take(3).any(|hit| *hit == path(lang, article)) {
                misses.push(format!("{text} -> {article}, not {:?}", &hits[..hits.len().min(3)]));
            }
        }
        let found = rows.len() - misses.len();
        eprintln!("{lang}: {found} of {} found; missed: {misses:#?}", rows.len());
        let enough = if rows.len() > 10 { FOUND_AT_LEAST * rows.len() as f64 } else { rows.len() as f64 - 1.0 };
        assert!(found as f64 >= enough, "{lang}: {misses:#?}");
    }
}

#[test]
fn what_was_found_by_its_parts_is_marked() {
    let searcher = searcher();
    for (lang, text, expected) in [
        ("nl", "wachtwoordherstel", "wachtwoord"),
        ("nl", "verzekering", "verzekeringspas"),
        ("de", "Kundendaten", "Daten"),
        ("de", "Sicherheit", "Sicherheitseinstellungen"),
    ] {
        let answer = ask(&searcher, lang, text);
        let marked = answer.hits.iter().flat_map(|hit| &hit.sections).flat_map(|section| {
            let letters: Vec<char> = section.snippet.chars().collect();
            let at = |mark: &[u32; 2]| letters[mark[0] as usize..mark[1] as usize].iter().collect::<String>();
            section.highlights.iter().map(at).collect::<Vec<_>>()
        });
        let marked: Vec<String> = marked.collect();
        assert!(marked.iter().any(|word| word.eq_ignore_ascii_case(expected)), "{text}: {marked:?}");
    }
}

#[test]
fn words_that_only_look_alike_stay_apart() {
    let searcher = searcher();
    for (lang, text, first, never) in APART {
        let answer = ask(&searcher, lang, text);
        let hits = paths(&answer);
        if !first.is_empty() {
            assert_eq!(hits.first().copied(), Some(path(lang, first).as_str()), "{text}");
        }
        assert!(never.iter().all(|article| !hits.contains(&path(lang, article).as_str())), "{text}: {hits:?}");
    }
}
