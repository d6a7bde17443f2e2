"""Names and phrases that the generated library is made of, the friendly and the hostile ones."""

from __future__ import annotations

PEOPLE = (
    "Ada Example", "Björn Åkesson", "Chiara Conti", "Daan de Vries", "Eszter Kovács", "Fatima Zahra",
    "Goran Petrović", "Hanna Virtanen", "Ichika Mori", "Jonas Weber", "Katarzyna Lis", "Liam O’Hara",
    "María Ñúñez", "Nuru Abasi", "Олена Коваль", "يوسف حداد", "王小明", "Zoë 🌻 Taylor",
)  # fmt: skip

PLACES = (
    ("Old Pier", "Lund", "Sweden", 55.7047, 13.191),
    ("Praia do Norte", "Nazaré", "Portugal", 39.6046, -9.0858),
    ("Tre Cime", "Auronzo", "Italy", 46.6187, 12.3027),
    ("Speicherstadt", "Hamburg", "Germany", 53.5438, 9.9891),
    ("Vatnajökull", "Höfn", "Iceland", 64.2539, -15.2082),
    ("Kawaguchiko", "Fujikawaguchiko", "Japan", 35.5171, 138.7518),
    ("Bay of Kotor", "Kotor", "Montenegro", 42.4247, 18.7712),
    ("Erg Chebbi", "Merzouga", "Morocco", 31.1499, -3.9714),
    ("Lake Bled", "Bled", "Slovenia", 46.3625, 14.0938),
    ("Southern Alps", "Wānaka", "New Zealand", -44.7032, 169.1321),
)

ALBUM_NAMES = (
    "Profile Pictures", "Cover Photos", "Mobile Uploads", "Timeline Photos", "Summer by the sea",
    "Empty for now", "Three days in the Dolomites", "Hamburg with the family", "Ringroad, Iceland",
    "Cherry blossom season", "Sailing the Adriatic", "Night train south", "Home, autumn", "Åre 🎿 winter",
    "Birthday weekend 🎂", "Desert stars", "رحلة الصيف", "Lake & forest", "Rooftops", "Northern lights",
)  # fmt: skip

ALBUM_TYPES = ("profile", "cover", "mobile", "wall")

HOSTILE_NAMES = (
    "Holiday 🏖️👨‍👩‍👧‍👦",
    "invoice\u202egpj.exe",
    "Cafe\u0301 Zu\u0308rich",
    "CON",
    "../..",
    "bell\x07 tab\t escape\x1b[31m",
    "long " * 2000,
    "first line\nsecond line",
    "...",
    "/etc/passwd",
    "..\\..\\windows",
    "<script>alert(1)</script>",
    "'; DROP TABLE photos; --",
    " leading and trailing ",
    "same",
    "SAME",
    "%2e%2e%2f%00",
    'a:b*c?d"e|f',
    "café",
    ".hidden",
    "aux.jpg",
    "{{7*7}} ${HOME} `id`",
)

MOMENTS = {
    "sea": ("Harbour at {time}", "Boats coming home", "Salt on the lens", "The sea, {time} ⛵", "Nobody else out here"),
    "hills": ("Layers at {time}", "First pass of the day", "Looking back from the ridge", "Worth the climb 🥾"),
    "city": ("Rooftops, {time}", "City lights", "View from the hotel", "Old town\nfrom the bridge", "🏙️ at {time}"),
    "forest": ("Into the woods", "Pines at {time}", "Smells like rain", "Fog between the trees 🌲"),
    "lake": ("Mirror, {time}", "Not a breath of wind", "Still water", "Coffee on the jetty ☕"),
    "desert": ("Dunes at {time}", "Sand everywhere", "Footprints", "غروب الشمس"),
    "snow": ("Fresh snow ❄️", "Blue hour in the mountains", "Cold fingers, warm light", "Last run, {time}"),
    "balloons": ("Up, up and away 🎈", "Counting balloons", "Worth getting up for"),
    "aurora": ("Northern lights!", "It danced for an hour", "Green sky 💚"),
}
SCENES = tuple(MOMENTS)
TIMES = ("dawn", "noon", "golden hour", "dusk", "night")

COMMENTS = (
    "Beautiful!", "Where is this?", "😍😍", "I miss that place", "Wow, the light!\nWhat camera?", "Print this one.",
    "Next time take me along", "¡Qué bonito!", "شاباش 👏", "Is that the boat we rented?", "きれい", "👍",
)  # fmt: skip
REACTIONS = ("LIKE", "LOVE", "WOW", "HAHA", "SAD", "ANGRY", "CARE", "THANKFUL", "PRIDE")
