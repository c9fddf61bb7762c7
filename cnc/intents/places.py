"""Nouns of places: what a town, a works site or a landscape is made of."""

from __future__ import annotations

import re

_SETTLED = (
    "city\\s+cent(?:re|er)|cent(?:re|er)|town|city|district|quarter|suburb|village|settlement|borough|"
    "neighbou?rhood|precinct|square|plaza|market|mall|street|avenue|boulevard|alley|promenade|parade\\s+ground|"
    "ring\\s+road|roundabout|intersection|junction|crossroads|crossing|motorway|highway|autobahn|bypass|bridge|"
    "viaduct|tunnel|underpass|embankment|estate|countryside|region|province|county|canton|area|zone|sector|"
    "capital|metropolis|outskirts|hamlet|township"
)
_BUILT = (
    "campus|harbou?r|port|docks?|marina|pier|quay|wharf|jetty|airport|airfield|apron|taxiway|hangar|"
    "stadium|arena|velodrome|hospital|clinic|surgery|ward|hospice|theatre|theater|operating\\s+room|icu|pharmacy|"
    "care\\s+home|nursing\\s+home|retirement\\s+home|home\\s+for\\s+the\\s+elderly|kindergarten|nursery|"
    "factory|plant|mill|foundry|smelter|refinery|brewery|bakery|dairy|sawmill|steelworks|warehouse|depot|garage|"
    "workshop|hall|building|block|tower|skyscraper|office|headquarters|hq|floor|basement|attic|cellar|roof|"
    "lobby|foyer|atrium|corridor|aisle|stairwell|wing|annexe?|canteen|cafeteria|kitchen|restaurant|cafe|bar|pub|"
    "shop|store|supermarket|boutique|branch|bank|station|substation|power\\s+station|transformer\\s+station|"
    "terminal|platform|gate|exchange|museum|gallery|exhibition|fair|expo|castle|palace|fortress|monastery|abbey|"
    "cathedral|church|mosque|temple|synagogue|cemetery|library|archive|cinema|opera(?:\\s+house)?|studio|school|"
    "university|college|academy|institute|faculty|dormitory|dorm|barracks|base|camp|campsite|hostel|hotel|resort|"
    "hut|lodge|chalet|cabin|villa|residence|condominium|apartment\\s+block|zoo|aquarium|casino|club|gym|spa|pool|"
    "prison|jail|court|embassy|parliament|townhall|prefecture|lab|laborator(?:y|ies)|cleanroom|newsroom|site|"
    "construction\\s+site|mine|pit|quarry|shaft|well\\s?pad|rig|oil\\s?rig|platform|dam|reservoir|pumping\\s+station|"
    "waterworks|landfill|incinerator|wind\\s+farm|solar\\s+farm|pipeline|rail\\s?yard|tracks?|circuit|racetrack|"
    "racecourse|ring|rink|pitch|slope|piste|ski\\s+area|lift|line|lane|bay|deck|ship|vessel|ferry|liner|cruise\\s+ship|"
    "train|tram|plane|aircraft|metro|subway|railway|runway|stage|tent|booth|stand|grandstand|vault|silo|"
    "fulfil?ment\\s+cent(?:re|er)|data\\s*cent(?:re|er)|distribution\\s+cent(?:re|er)|control\\s+cent(?:re|er)|"
    "toll\\s+plaza|car\\s+park|parking(?:\\s+(?:lot|garage|area|deck))?|lot|fairground|playground|showground|freezer|cold\\s+store|"
    "(?:customs|border|police|command|guard|ranger|first[\\s-]aid|observation|sorting)\\s+post|post\\s+office|enclosure|aviary|room|yard|auditorium|amphitheat(?:re|er)|lecture\\s+theat(?:re|er)|conservatory|pavilion|lighthouse|chapel|cellar|loft|rooftop|courtyard|terrace|"
    "(?:stroke|neonatal|burns|dialysis|maternity|emergency|intensive\\s+care|coronary)\\s+unit|entrance|exit|checkpoint|"
    "(?:body|paint|press|machine|weld|assembly)\\s+shop|berth|hub|interchange|feeder|ring\\s+main|lock|weir|"
    "(?:bus|tram)\\s+stop|(?:filling|petrol)\\s+station|taxi\\s+rank|level\\s+crossing|routes?|course|pole|borehole|practice|harbou?rside|"
    "care\\s+unit|(?:co-?working|office|exhibition)\\s+space|scene|venue|festival|congress|convention|premises|facility|compound|complex|container\\s+yard|cell"
)
_LAND = (
    "park|garden|beach|island|peninsula|forest|woods?|woodland|jungle|mountains?|hills?|slopes?|summit|ridge|"
    "glacier|volcano|canyon|gorge|valley|plateau|steppe|desert|savannah|tundra|lake|pond|lagoon|coast|"
    "coastline|shore|seashore|bay|fjord|gulf|strait|sea|ocean|river|creek|canal|delta|estuary|wetlands?|marsh|"
    "swamp|reef|farm|ranch|vineyard|orchard|plantation|pasture|meadow|field|paddock|stable|barn|greenhouse|"
    "ruins|moor|heath|steppe|dunes?|outback|bush|wilderness|rainforest|mangroves|highlands|lowlands|hinterland|"
    "archipelago|isle|islet|atoll|cove|bight|metropolitan\\s+area|pass|face|polytunnel|reserve|national\\s+park|north|south|east|west|northeast|northwest|southeast|southwest|interior"
)
_ENDINGS = (
    "[a-z]{3,}(?:room|house|yard|field|shop|land|dome|town|works|store|front|ground|port|way|side|"
    "drome|court)"
)
_NOT_ENDINGS = (
    "background|foreground|underground|transport|report|support|passport|export|import|viewport|upfront|"
    "forefront|gateway|halfway|midway|anyway|runaway|giveaway|takeaway|upside|downside|inside|outside|alongside|"
    "beside|chatroom|clientside|serverside|photoshop|webshop|workflow|frameworks?|networks?|always|aside"
)
NOUN = rf"(?:(?!(?:{_NOT_ENDINGS})\b)(?:{_SETTLED}|{_BUILT}|{_LAND}|{_ENDINGS}))"
"""A noun of a place, in the singular; ignores case."""
VAGUE = (
    "line|lane|cell|train|tram|plane|aircraft|lift|ring|bank|bar|block|"
    "street|stand|branch|wing|base|premises"
)
"""They need more than an article: "on the line" is no place, "line 2" and "packing line" are."""
PEOPLE_THERE = (
    "control\\s+(?:room|cent(?:re|er))|office|desk|archive|library|university|bank|"
    "data\\s+cent(?:re|er)|cockpit|cent(?:re|er)|base|headquarters|hq"
)
"""Places that something is done from, while it happens elsewhere."""

NOT_PLACES = re.compile(
    r"^(?:Please|Thanks|Hello|Hi|IPv\d|GPS|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|"
    r"April|May|June|July|"
    r"August|September|October|November|December|I|AR|VR|XR|AI|ML|HD|UHD|RAN|LLM|GPU|QoS|"
    r"URLLC|IoT|UAV|AGV|V2X|"
    r"Zoom|Teams|Netflix|Christmas|Easter|LLMs|GPUs|AGVs|UAVs|K|Mbps|Gbps|TV|PLC|PLCs|GPT\S*|"
    r"Da|IEC|ISAC|CCTV|Dutch|Polish|Portuguese|Russian|Arabic|Turkish|Hindi|Korean|Swedish|Danish|Norwegian|Finnish|Greek|Czech|"
    r"Hungarian|Welsh|Irish|Latin|Hebrew|Ukrainian|Romanian|Swahili|Persian|Farsi|Thai|Vietnamese|Urdu|Bengali|English|French|German|Spanish|Italian|Chinese|Japanese|Bluetooth|Ethernet|Wi-?Fi|Starlink|"
    r"Python|"
    r"HoloLens|YouTube|Llama|HD\S*|Ultra|Full|High|Low|SLA|DNS|(?!(?:UK|US|USA|EU|NYC|UAE|CERN|MIT)\b)[A-Z]{2,5}s?(?!\s+\w))"
    r"(?![\w])"
)
"""Names that are none of places."""
ABSTRACT = (
    "clock|ends?|beginning|start|middle|times?|hours?|days?|weeks?|months?|years?|nights?|evenings?|mornings?|moment|minute|"
    "limit|maximum|minimum|average|world|globe|edge|core|cloud|range|order|others?|same|ones?|top|bottom|speed|rate|mark|latest|"
    "least|most|lowest|highest|outside|inside|outset|wheel|controls?|desk|push|click|side|ready|network|networks|internet|web|"
    "server|receiver|sender|heart|level|packet|cost|costs|expense|price|front|back|board|whole|fleet|domains?|link|links|wire|"
    "layers?|way|lines|cab|body|model|tunnel|team|company|group|hand|touch|sight|risk|pace|stake|chain|stack|slice|slices|"
    "data|table|bandwidth|throughput|latency|frame|frames|corner|problem|issue|matter|horizon|air|air\\s+interface|joystick|tablet|phone|screen|"
    "handle|tip|glass|picture|pictures|image|same\\s+time|price|budget|possible|best|mouth|ear|eye|eyes|head|hip|wrist|ground|trunk|axis|"
    "(?!demonstration|exhibition|parliament|station|reception|intersection|wedding|meeting)[a-z]+(?:ing|tion|sion|ness|ance|ence|ency|ity|ment|ism|ware|ture)"
)
"""What stands after "at" or "near" and is no place: times, ends, qualities, parts of systems."""
NOT_IN = (
    "games?|match|matches|races?|videos?|films?|movies?|series|show|pictures?|photos?|images?|background|foreground|loop|process|"
    "systems?|future|past|meantime|meanwhile|run|event|events|case|cases|sun|rain|winds?|snow|cold|heat|dark|darkness|right|left|"
    "shadow|shadows|form|forms|order|market|app|apps|browser|software|file|files|contract|classes?|crew|league|mouth|brain|blood|skin|"
    "vehicles?|cars?|cab|trucks?|text|list|lists|report|document|documents|book|news|press|media|choir|orchestra|language|languages|universe|"
    "interim|name|names|interest|spirit|style|mode|queue|stream|streams|feed|feeds|channel|channels|spectrum|slot|slots|window|windows|"
    "sky|water|pocket|bag|box|boxes|hands|fingers|glasses|headset|headsets|helmet|helmets|goggles|laptop|laptops|phones|screens|"
    "radio|tv|television|device|devices|machine|machines|menu|agenda|list|job|basis|move|fly|go|way|road|roof|roofs|wall|walls|"
    "ceiling|floor|belt|belts|conveyor|arm|arms|robot|robots|cameras?|sensors?|servers?|cluster|console|dashboard|map|maps|"
    "subject|topic|question|matter|contrary|hour|minute|second|dot|spot|scene|stage|side|sides|surface|object|objects|"
    "product|products|parts?|bottles?|package|packages|pallet|pallets|tool|tools|engine|motor|motors|battery|batteries|cable|cables|"
    "course|long\\s+run|line|lines|gate|house|home|middle|midst|round|evening|weekend|holidays|semester|term|summer|winter|spring|"
    "autumn|season|seasons|ring|loop|lead|rear|centre|center|cycle|cycles|period|plan|plans|backend|frontend|firmware|code|"
    "miles?|uplink|downlink|cards?|websites?|halves|half|mails?|bills?|family|own|directions?|tongue|places?|tickets?|views?|"
    "routers?|firewalls?|access\\s+points?|first|second|third|[a-z]+th|calendar|cupboard|uplinks|air|ground|whole|other|others|rest|"
    "cloud|clouds|database|dataset|archive|memory|storage|disk|disks|wild|open|flesh|public|private|public\\s+eye|internet|web"
)
"""What stands after "in the" or "on the" and is no place: media, parts, things, states."""
