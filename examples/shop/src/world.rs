//! The constant half of the shop's data: places, names, products, texts.
//!
//! Nothing here is drawn; `data.rs` draws from these tables. Order matters: moving a line changes every generated row after it.

/// A naming tradition; several countries share one.
pub(crate) struct Names {
    pub(crate) first: [&'static str; 16],
    pub(crate) last: [&'static str; 16],
}

/// Where customers live. `weight` is the share of customers, in parts of the sum of all weights.
pub(crate) struct Country {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) timezone: &'static str,
    pub(crate) names: &'static Names,
    pub(crate) weight: u32,
    pub(crate) company: &'static str,
    pub(crate) cities: [&'static str; 5],
}

#[expect(clippy::too_many_arguments, reason = "a row of the table below, read as one line")]
const fn country(
    code: &'static str,
    name: &'static str,
    currency: &'static str,
    timezone: &'static str,
    names: &'static Names,
    weight: u32,
    company: &'static str,
    cities: [&'static str; 5],
) -> Country {
    Country { code, name, currency, timezone, names, weight, company, cities }
}

#[rustfmt::skip]
pub(crate) static COUNTRIES: [Country; 18] = [
    country("US", "United States", "USD", "America/New_York", &ENGLISH, 22, "Inc.", ["Boston", "Chicago", "Seattle", "Austin", "Philadelphia"]),
    country("GB", "United Kingdom", "GBP", "Europe/London", &ENGLISH, 13, "Ltd", ["London", "Manchester", "Bristol", "Leeds", "Edinburgh"]),
    country("CA", "Canada", "CAD", "America/Toronto", &ENGLISH, 6, "Ltd.", ["Toronto", "Ottawa", "Halifax", "Hamilton", "Kingston"]),
    country("AU", "Australia", "AUD", "Australia/Sydney", &ENGLISH, 5, "Pty Ltd", ["Sydney", "Newcastle", "Canberra", "Wollongong", "Melbourne"]),
    country("IE", "Ireland", "EUR", "Europe/Dublin", &ENGLISH, 2, "Ltd", ["Dublin", "Cork", "Galway", "Limerick", "Sligo"]),
    country("DE", "Germany", "EUR", "Europe/Berlin", &GERMAN, 12, "GmbH", ["Berlin", "Hamburg", "Köln", "München", "Leipzig"]),
    country("AT", "Austria", "EUR", "Europe/Vienna", &GERMAN, 3, "GmbH", ["Wien", "Graz", "Linz", "Salzburg", "Innsbruck"]),
    country("CH", "Switzerland", "CHF", "Europe/Zurich", &GERMAN, 3, "AG", ["Zürich", "Basel", "Bern", "Luzern", "Winterthur"]),
    country("FR", "France", "EUR", "Europe/Paris", &FRENCH, 8, "SARL", ["Paris", "Lyon", "Nantes", "Toulouse", "Lille"]),
    country("NL", "Netherlands", "EUR", "Europe/Amsterdam", &DUTCH, 4, "B.V.", ["Amsterdam", "Utrecht", "Rotterdam", "Groningen", "Delft"]),
    country("ES", "Spain", "EUR", "Europe/Madrid", &SPANISH, 5, "S.L.", ["Madrid", "Barcelona", "Valencia", "Sevilla", "Bilbao"]),
    country("MX", "Mexico", "MXN", "America/Mexico_City", &SPANISH, 2, "S.A. de C.V.", ["Ciudad de México", "Puebla", "Guadalajara", "León", "Querétaro"]),
    country("IT", "Italy", "EUR", "Europe/Rome", &ITALIAN, 5, "S.r.l.", ["Roma", "Milano", "Torino", "Bologna", "Firenze"]),
    country("PL", "Poland", "PLN", "Europe/Warsaw", &POLISH, 3, "Sp. z o.o.", ["Warszawa", "Kraków", "Wrocław", "Poznań", "Gdańsk"]),
    country("SE", "Sweden", "SEK", "Europe/Stockholm", &SWEDISH, 3, "AB", ["Stockholm", "Göteborg", "Malmö", "Uppsala", "Lund"]),
    country("BR", "Brazil", "BRL", "America/Sao_Paulo", &PORTUGUESE, 2, "Ltda.", ["São Paulo", "Campinas", "Santos", "Curitiba", "Rio de Janeiro"]),
    country("IN", "India", "INR", "Asia/Kolkata", &INDIAN, 1, "Pvt. Ltd.", ["Mumbai", "Bengaluru", "Pune", "Chennai", "Kochi"]),
    country("PT", "Portugal", "EUR", "Europe/Lisbon", &PORTUGUESE, 1, "Lda.", ["Lisboa", "Porto", "Braga", "Coimbra", "Faro"]),
];

/// What one unit of a currency is worth, in ten-thousandths of a US dollar.
pub(crate) const RATES: [(&str, i64); 10] = [
    ("AUD", 6610),
    ("BRL", 1835),
    ("CAD", 7290),
    ("CHF", 12540),
    ("EUR", 11725),
    ("GBP", 13440),
    ("INR", 113),
    ("MXN", 556),
    ("PLN", 2780),
    ("SEK", 1085),
];

static ENGLISH: Names = Names {
    first: [
        "Olivia", "James", "Amelia", "Daniel", "Grace", "Thomas", "Hannah", "Samuel", "Chloe", "Benjamin", "Megan", "Oliver", "Ruth", "Harry",
        "Alice", "Patrick",
    ],
    last: [
        "Walker",
        "Hughes",
        "Bennett",
        "Clarke",
        "Murphy",
        "Foster",
        "Reid",
        "Ellis",
        "Porter",
        "Grant",
        "Hayes",
        "Lawson",
        "O'Brien",
        "Palmer",
        "Shaw",
        "Whitfield",
    ],
};
static GERMAN: Names = Names {
    first: [
        "Anna", "Lukas", "Jürgen", "Miriam", "Felix", "Käthe", "Jonas", "Ursula", "Matthias", "Greta", "Stefan", "Lea", "Moritz", "Heike", "Tobias",
        "Clara",
    ],
    last: [
        "Schneider",
        "Müller",
        "Vogel",
        "Krüger",
        "Hofmann",
        "Bauer",
        "Jäger",
        "Lindner",
        "Weiß",
        "Brandt",
        "Seidel",
        "Kaiser",
        "Engel",
        "Roth",
        "Winkler",
        "Böhm",
    ],
};
static FRENCH: Names = Names {
    first: [
        "Camille",
        "Louis",
        "Élodie",
        "Antoine",
        "Manon",
        "Julien",
        "Hélène",
        "Mathieu",
        "Zoé",
        "Nicolas",
        "Inès",
        "François",
        "Margaux",
        "Théo",
        "Sylvie",
        "Rémi",
    ],
    last: [
        "Lefèvre",
        "Moreau",
        "Girard",
        "Roux",
        "Fontaine",
        "Chevalier",
        "Mercier",
        "Blanchard",
        "Gauthier",
        "Perrin",
        "Renard",
        "Dumas",
        "Barbier",
        "Leclerc",
        "Colin",
        "Vidal",
    ],
};
static DUTCH: Names = Names {
    first: [
        "Sanne", "Daan", "Femke", "Bram", "Lotte", "Jeroen", "Maaike", "Sven", "Iris", "Ruben", "Marieke", "Thijs", "Nienke", "Pieter", "Anouk",
        "Willem",
    ],
    last: [
        "de Vries",
        "Jansen",
        "van Dijk",
        "Bakker",
        "Visser",
        "Smit",
        "Meijer",
        "de Boer",
        "Mulder",
        "Bos",
        "Vos",
        "Peters",
        "Hendriks",
        "van Leeuwen",
        "Dekker",
        "Brouwer",
    ],
};
static SPANISH: Names = Names {
    first: [
        "Lucía", "Javier", "Carmen", "Álvaro", "Elena", "Pablo", "Marta", "Diego", "Nuria", "Sergio", "Rocío", "Andrés", "Beatriz", "Tomás", "Pilar",
        "Iván",
    ],
    last: [
        "García",
        "Romero",
        "Navarro",
        "Torres",
        "Domínguez",
        "Vázquez",
        "Ramos",
        "Gil",
        "Serrano",
        "Molina",
        "Ortega",
        "Delgado",
        "Castro",
        "Rubio",
        "Marín",
        "Núñez",
    ],
};
static ITALIAN: Names = Names {
    first: [
        "Giulia",
        "Marco",
        "Chiara",
        "Luca",
        "Francesca",
        "Matteo",
        "Elisa",
        "Davide",
        "Paola",
        "Stefano",
        "Silvia",
        "Andrea",
        "Ilaria",
        "Nicolò",
        "Serena",
        "Pietro",
    ],
    last: [
        "Rossi", "Ferrari", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco", "Conti", "De Luca", "Mancini", "Rizzo", "Lombardi",
        "Moretti", "Barbieri", "Fontana",
    ],
};
static POLISH: Names = Names {
    first: [
        "Agnieszka",
        "Piotr",
        "Katarzyna",
        "Tomasz",
        "Magdalena",
        "Paweł",
        "Joanna",
        "Michał",
        "Ewa",
        "Łukasz",
        "Zofia",
        "Marek",
        "Hanna",
        "Jakub",
        "Dorota",
        "Adam",
    ],
    last: [
        "Nowak",
        "Wiśniewski",
        "Wójcik",
        "Kowalczyk",
        "Zieliński",
        "Szymański",
        "Woźniak",
        "Dąbrowski",
        "Mazur",
        "Krawczyk",
        "Piotrowski",
        "Grabowski",
        "Pawlak",
        "Król",
        "Jabłoński",
        "Wróbel",
    ],
};
static SWEDISH: Names = Names {
    first: [
        "Elsa", "Oskar", "Ingrid", "Gustav", "Maja", "Axel", "Astrid", "Björn", "Linnea", "Erik", "Karin", "Nils", "Ebba", "Henrik", "Sofia", "Åke",
    ],
    last: [
        "Andersson",
        "Lindqvist",
        "Bergström",
        "Nilsson",
        "Sandberg",
        "Ek",
        "Holm",
        "Lundgren",
        "Sjöberg",
        "Forsberg",
        "Engström",
        "Dahl",
        "Nyström",
        "Wallin",
        "Hedlund",
        "Åberg",
    ],
};
static PORTUGUESE: Names = Names {
    first: [
        "Mariana", "João", "Beatriz", "Tiago", "Inês", "Rafael", "Larissa", "Bruno", "Camila", "Gonçalo", "Letícia", "Pedro", "Helena", "Vítor",
        "Sara", "Duarte",
    ],
    last: [
        "Silva", "Santos", "Oliveira", "Pereira", "Costa", "Carvalho", "Almeida", "Ferreira", "Ribeiro", "Gomes", "Araújo", "Lopes", "Moura",
        "Teixeira", "Cardoso", "Nogueira",
    ],
};
static INDIAN: Names = Names {
    first: [
        "Ananya", "Arjun", "Priya", "Rohan", "Kavya", "Vikram", "Meera", "Sanjay", "Divya", "Rahul", "Nisha", "Aditya", "Lakshmi", "Karan", "Pooja",
        "Suresh",
    ],
    last: [
        "Sharma", "Iyer", "Patel", "Nair", "Reddy", "Mehta", "Kulkarni", "Menon", "Gupta", "Rao", "Joshi", "Desai", "Pillai", "Banerjee", "Chopra",
        "Bhat",
    ],
};

/// Name, category, price in US cents. The id is the position, counted from 1.
#[rustfmt::skip]
pub(crate) const PRODUCTS: [(&str, &str, i64); 40] = [
    ("Pour-Over Coffee Dripper", "Coffee", 2450), ("Burr Hand Grinder", "Coffee", 7900),
    ("Gooseneck Kettle 1 l", "Coffee", 8900), ("Espresso Machine Duetto", "Coffee", 64900),
    ("House Blend Beans 1 kg", "Coffee", 2190), ("Single Origin Ethiopia 250 g", "Coffee", 1390),
    ("Milk Frother", "Coffee", 3290), ("Paper Filters, 100 pieces", "Coffee", 490),
    ("Chef's Knife 20 cm", "Kitchen", 9900), ("Bread Knife", "Kitchen", 4500),
    ("Cast Iron Pan 26 cm", "Kitchen", 5490), ("Enamel Casserole 4 l", "Kitchen", 17900),
    ("Beech Chopping Board", "Kitchen", 3890), ("Digital Kitchen Scale", "Kitchen", 2790),
    ("Spice Grinder", "Kitchen", 3450), ("Set of 6 Mixing Bowls", "Kitchen", 4690),
    ("Linen Apron", "Kitchen", 3990), ("Silicone Spatula", "Kitchen", 890),
    ("Walnut Desk Organiser", "Office", 5900), ("Notebook A5, dotted", "Office", 1290),
    ("Fountain Pen", "Office", 6400), ("Standing Desk 140 cm", "Office", 54900),
    ("Task Lamp", "Office", 8490), ("Ergonomic Chair", "Office", 38900),
    ("Felt Desk Mat", "Office", 2990), ("Monitor Arm", "Office", 11900),
    ("Wool Blanket", "Home", 8900), ("Linen Bed Set", "Home", 14900),
    ("Beeswax Candle", "Home", 1190), ("Stoneware Vase", "Home", 3790),
    ("Oak Side Table", "Home", 18900), ("Wall Clock", "Home", 4990),
    ("Cotton Rug 140 x 200", "Home", 15900), ("Storage Basket", "Home", 2690),
    ("Enamel Camping Mug", "Outdoor", 1250), ("Two-Person Tent", "Outdoor", 27900),
    ("Merino Socks", "Outdoor", 1890), ("Head Torch", "Outdoor", 4290),
    ("Insulated Bottle 0.75 l", "Outdoor", 3190), ("Daypack 24 l", "Outdoor", 9490),
];

/// Who writes notes in the CRM.
pub(crate) const AUTHORS: [&str; 5] = ["Dana Whitlock", "Mirko Petrović", "Aylin Demir", "Sofia Lindqvist", "Noah Adeyemi"];

/// What they write.
pub(crate) const NOTES: [&str; 10] = [
    "Asked for a quote on a larger quantity; sent the price list.",
    "Parcel arrived damaged. Replacement shipped the same day, customer happy.",
    "Prefers contact by e-mail, in the morning.",
    "Wants one invoice per month instead of one per order.",
    "Changed delivery address; old one is a former office.",
    "Complained about slow delivery in December.",
    "Interested in the loyalty programme, follow up next quarter.",
    "Reported a scratched table top, accepted a partial refund.",
    "Very satisfied with the espresso machine, may write a review.",
    "VAT number checked and stored.",
];
