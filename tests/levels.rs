//! Questions find the level of support that they belong to.
//!
//! Two paraphrases for each of fifteen topics and each of three languages. None of them is among the examples of the
//! default ladder, and they were written before anything was matched with them.

use zerodesk::{
    config::Config,
    desk::{Ladder, SupportLevel},
};

/// The share of questions that must find their level, in percent.
const ENOUGH: usize = 80;

/// Level, then per topic the questions in English, Dutch and German.
type Topic = (u8, &'static str, [[&'static str; 2]; 3]);

const TOPICS: [Topic; 15] = [
    (
        0,
        "forgotten password",
        [
            ["Forgot the password of my account, what now?", "Is there a way to recover my password?"],
            ["Wachtwoord vergeten, wat nu?", "Ik weet mijn wachtwoord niet meer en wil het terughalen"],
            ["Passwort vergessen, was nun?", "Wie kann ich mein Passwort wiederherstellen?"],
        ],
    ),
    (
        0,
        "new user",
        [
            ["Where can I add users?", "We hired somebody who needs a login of her own"],
            ["Waar kan ik gebruikers toevoegen?", "Onze nieuwe collega heeft een eigen account nodig"],
            ["Wo kann ich Benutzer hinzufügen?", "Unsere neue Kollegin braucht ein eigenes Konto"],
        ],
    ),
    (
        0,
        "supported databases",
        [
            ["Do you support MariaDB as a database?", "Which SQL databases can I use with the product?"],
            ["Ondersteunen jullie MariaDB als database?", "Welke SQL-databases kan ik met het product gebruiken?"],
            ["Unterstützen Sie MariaDB als Datenbank?", "Welche SQL-Datenbanken kann ich mit dem Produkt verwenden?"],
        ],
    ),
    (
        1,
        "question on an invoice",
        [
            ["Something on last month's invoice is unclear to me", "My bill shows the wrong amount"],
            ["Op de factuur van vorige maand is me iets niet duidelijk", "Mijn rekening toont een verkeerd bedrag"],
            ["Auf der Rechnung vom letzten Monat ist mir etwas unklar", "Meine Rechnung zeigt einen falschen Betrag"],
        ],
    ),
    (
        1,
        "program update",
        [
            ["Can you send me the latest program version?", "We still run an old version and would like to update"],
            [
                "Kunt u mij de laatste programmaversie sturen?",
                "Wij draaien nog een oude versie en willen graag updaten",
            ],
            [
                "Können Sie mir die neueste Programmversion schicken?",
                "Wir haben noch eine alte Version und möchten gern aktualisieren",
            ],
        ],
    ),
    (
        1,
        "activating a paid plan",
        [
            ["How is the paid plan switched on?", "The subscription I bought has not been activated yet"],
            [
                "Hoe wordt het betaalde pakket ingeschakeld?",
                "Het abonnement dat ik heb gekocht is nog niet geactiveerd",
            ],
            ["Wie wird der bezahlte Tarif eingeschaltet?", "Das Abo, das ich gekauft habe, ist noch nicht aktiviert"],
        ],
    ),
    (
        2,
        "virus scanner",
        [
            ["Antivirus deletes your program after installation", "The product is blocked by our virus protection"],
            [
                "De antivirus verwijdert jullie programma na de installatie",
                "Het product wordt door onze virusscanner tegengehouden",
            ],
            [
                "Der Virenschutz löscht Ihr Programm nach der Installation",
                "Das Produkt wird von unserem Virenscanner gesperrt",
            ],
        ],
    ),
    (
        2,
        "export for DATEV",
        [
            ["How do our invoices get into DATEV?", "Exporting an invoice to the tax accountant's software goes wrong"],
            ["Hoe komen onze facturen in DATEV?", "Het exporteren van een factuur naar de boekhouder gaat fout"],
            [
                "Wie kommen unsere Rechnungen in DATEV?",
                "Das Exportieren einer Rechnung für den Steuerberater geht schief",
            ],
        ],
    ),
    (
        2,
        "teaching recognition",
        [
            [
                "It does not learn to recognise our delivery notes",
                "How do I train the document recognition for a new kind of letter?",
            ],
            [
                "Het leert onze pakbonnen niet herkennen",
                "Hoe train ik de documentherkenning voor een nieuw soort brief?",
            ],
            [
                "Es lernt unsere Lieferscheine nicht zu erkennen",
                "Wie trainiere ich die Dokumenterkennung für eine neue Art von Brief?",
            ],
        ],
    ),
    (
        3,
        "trouble with the database",
        [
            ["The database reports an error since this morning", "After a power cut the database is damaged"],
            ["De database geeft sinds vanmorgen een fout", "Na een stroomstoring is de database kapot"],
            ["Die Datenbank meldet seit heute Morgen einen Fehler", "Nach einem Stromausfall ist die Datenbank defekt"],
        ],
    ),
    (
        3,
        "regular expression",
        [
            ["I need a regular expression that matches IBANs", "Who can look at my regex for customer numbers?"],
            ["Ik zoek een reguliere expressie die IBAN's vindt", "Wie kan naar mijn regex voor klantnummers kijken?"],
            ["Ich suche einen regulären Ausdruck für IBANs", "Wer kann sich meinen Regex für Kundennummern ansehen?"],
        ],
    ),
    (
        3,
        "setting up the API",
        [
            ["Requests to your API are refused", "How do we get the API ready for our web shop?"],
            ["Verzoeken aan jullie API worden geweigerd", "Hoe maken we de API klaar voor onze webshop?"],
            ["Anfragen an Ihre API werden abgewiesen", "Wie richten wir die API für unseren Webshop ein?"],
        ],
    ),
    (
        4,
        "NAS",
        [
            ["The archive is on a NAS that keeps disconnecting", "Our QNAP NAS is very slow when saving"],
            [
                "Het archief staat op een NAS die steeds de verbinding verbreekt",
                "Onze QNAP-NAS is erg traag bij opslaan",
            ],
            [
                "Das Archiv liegt auf einem NAS, das ständig die Verbindung trennt",
                "Unser QNAP-NAS ist beim Speichern sehr langsam",
            ],
        ],
    ),
    (
        4,
        "external database server",
        [
            [
                "Our external database server responds slowly and should be optimised",
                "Which settings speed up the SQL server on another machine?",
            ],
            [
                "Onze externe databaseserver reageert traag en moet geoptimaliseerd worden",
                "Welke instellingen maken de SQL-server op een andere machine sneller?",
            ],
            [
                "Unser externer Datenbankserver antwortet langsam und muss optimiert werden",
                "Welche Einstellungen machen den SQL-Server auf einem anderen Rechner schneller?",
            ],
        ],
    ),
    (
        4,
        "terminal server",
        [
            [
                "On our Windows terminal server the program behaves strangely",
                "The windows flicker as soon as we work by remote desktop",
            ],
            [
                "Op onze Windows-terminalserver doet het programma raar",
                "De vensters flikkeren zodra we via extern bureaublad werken",
            ],
            [
                "Auf unserem Windows-Terminalserver verhält sich das Programm seltsam",
                "Die Fenster flackern, sobald wir per Remotedesktop arbeiten",
            ],
        ],
    ),
];

#[test]
fn questions_find_their_level() {
    let config = Config::default();
    let examples: Vec<String> = config
        .ladder
        .iter()
        .flat_map(|rung| rung.examples.values().flatten())
        .map(|line| line.to_lowercase())
        .collect();
    let ladder = Ladder::new(config.ladder);
    let (mut all, mut right) = (0, 0);
    for (level, topic, questions) in TOPICS {
        for (lang, question) in ["en", "nl", "de"].into_iter().zip(questions).flat_map(|(l, qs)| qs.map(|q| (l, q))) {
            assert!(!examples.contains(&question.to_lowercase()), "{question} is an example");
            let found = ladder.level_of(question, Some(lang));
            all += 1;
            right += usize::from(found == Some(SupportLevel(level)));
            if found != Some(SupportLevel(level)) {
                println!("missed: {level} {topic}, {lang}: {question} -> {found:?}");
            }
        }
    }
    println!("{right} of {all} questions found their level");
    assert_eq!(all, 90);
    assert!(100 * right >= ENOUGH * all, "{right} of {all}");
}

#[test]
fn what_belongs_nowhere_has_no_level() {
    let ladder = Ladder::new(Config::default().ladder);
    let table = [
        ("en", "Do you sell garden furniture?"),
        ("en", "What time is it in Tokyo?"),
        ("nl", "Wat eten we vanavond?"),
        ("nl", "De kat zit in de boom"),
        ("de", "Wann fährt der nächste Zug nach Köln?"),
        ("de", "Wie wird das Wetter am Wochenende?"),
        ("en", ""),
        ("en", "?!"),
        ("xx", "zzgrbl qwortle"),
    ];
    for (lang, question) in table {
        assert_eq!(ladder.level_of(question, Some(lang)), None, "{question}");
        assert_eq!(ladder.suggest(None, question, Some(lang)), SupportLevel::TICKET, "{question}");
    }
}
