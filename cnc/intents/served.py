"""Nouns of what is served and of what is only counted, as regular expressions that ignore case."""

from __future__ import annotations

PEOPLE = (
    "users?|people|persons?|participants?|attendees?|subscribers?|viewers?|players?|gamers?|"
    "customers?|clients?|members?|guests?|visitors?|tourists?|spectators?|fans?|students?|pupils?|"
    "learners?|children|kids|families|employees?|workers?|staff(?:\\s+members?)?|colleagues?|teachers?|"
    "passengers?|patients?|doctors?|surgeons?|nurses?|physicians?|paramedics?|firefighters?|"
    "officers?|responders?|rescuers?|drivers?|operators?|pilots?|agents?|callers?|traders?|dealers?|"
    "brokers?|engineers?|technicians?|developers?|researchers?|citizens?|residents?|inhabitants|"
    "villagers|households?|homes?|homeowners?|listeners?|professionals?|friends?|ppl|pax|folks|"
    "speakers?|delegates?|journalists?|soldiers?|troops|farmers?|commuters?|shoppers?|trainees?|"
    "apprentices?|seats?|heads|ues?|user\\s+equipments?|connections?|sessions?|teammates?|hikers?|"
    "crew(?:\\s+members?)?|musicians?|dancers?|hosts?|lawyers?|tenants?|dispatchers?|scientists?|"
    "inspectors?|mechanics?|pickers?|parties|women|men|adults?|teenagers?|elders?|seniors?|babies|"
    "judges|clerks|captains|cooks|twins|siblings|brothers|sisters|parents|relatives|neighbou?rs|"
    "cadets|recruits|interns|riders?|cyclists?|sailors?|anglers?|artists?|analysts?|managers?|experts?|contestants?|athletes?|"
    "scouts?|guards?|medics|volunteers|chefs|vets|monks|pupils|artisans|cosplayers|souls|co-?workers?"
)
DEVICES = (
    "devices?|sensors?|meters?|cars?|vehicles?|trucks?|lorries|buses|trams?|trains?|taxis|robotaxis?|"
    "shuttles?|drones?|uavs?|quadcopters?|robots?|cobots?|agvs?|amrs?|forklifts?|machines?|cameras?|"
    "headsets?|glasses|goggles|hmds?|terminals?|phones?|smartphones?|handsets?|tablets?|laptops?|"
    "computers?|gadgets?|wearables?|wristbands?|watches|smartwatches|trackers?|tags?|containers?|"
    "parcels?|pallets?|assets?|bikes?|scooters?|ships?|boats?|vessels?|aircrafts?|planes?|helicopters?|"
    "excavators?|cranes?|tractors?|actuators?|plcs?|controllers?|arms?|relays?|breakers?|substations?|"
    "stations?|nodes?|endpoints?|clients|streams?|feeds?|calls?|lines?|monitors?|beds?|ambulances?|"
    "units?|bots?|chargers?|turbines?|servers?|probes?|gauges?|cows?|animals?|wagons?|carts?|kiosks?|things|"
    "flats?|apartments?|houses?|cottages?|dwellings?|cams?|webcams?|dashcams?|bodycams?|pumps?|fridges?|freezers?|holograms?|avatars?|axes|motors?|valves?|"
    "elevators?|lifts?|vans?|motorcycles?|mowers?|displays?|screens?|consoles?|pcs|desktops?|lenses|"
    "thermostats?|lamps?|street\\s?lights?|bins?|hives?|wells?|panels?|inverters?|pieces|tills|checkouts|registers|atms|printers|collars|boxes|stations|desks|workplaces|workstations|"
    "extensions|badges?|streetlights?|hydrants|radios?|walkie-talkies|rovers?|barges?|ferries|"
    "locomotives?|bicycles?|e-?bikes?|gateways?|instruments?|detectors?|crates?|packages?|shipments?|pairs|(?:air|water|hover|space)?crafts?|sheep|cattle|"
    "reindeer|deer|horses?|dogs?|goats?|pigs?|loggers?|readers?|incubators?"
)
ORGANISATIONS = (
    "hospitals|clinics|practices|surgeries|sites|branches|offices|schools|universities|farms|shops|stores|banks|labs|"
    "laboratories|plants|factories|companies|partners|institutions|organi[sz]ations|museums|hotels|junctions|intersections|crossings|"
    "theatres|operating\\s+rooms|pharmacies|restaurants|depots|warehouses"
)
"""They count where nobody and nothing else does: "federated learning across 11 hospitals"."""
NO_USERS = (
    "[a-z-]*(?:bits|bytes|hertz|seconds|hours|minutes|metres|meters|watts|flops|pixels|cycles|ss|is|ous)|us|bus|campus|virus|bonus|status|plus|surplus|radius|focus|"
    "census|species|ops|times|days|weeks|"
    "months|years|frames|degrees|points|rounds|epochs|images|pictures|photos|videos|clips|films|movies|"
    "songs|pages|floors|stor(?:ey|ie)s|levels|streets|blocks|rooms|halls|buildings|wards|corridors|lanes|"
    "roads|miles|inches|euros|dollars|pounds|parameters|params|tokens|layers|classes|models|[gtcnv]?pus|cores|"
    "nines|steps|stages|phases|shifts|updates|messages|packets|readings|samples|requests|queries|"
    "transactions|events|measurements|values|variables|cells|bands|channels|sentences|bullets|words|paragraphs|verses|dimensions|series|colou?rs|voices|formats|versions|currencies|continents|oceans|slots|"
    "copies|replicas|backups|files|titles|documents|records|matches|games|goals|laps|languages|countries|"
    "cities|towns|villages|regions|provinces|states|districts|zones|areas|places|locations|positions|centres|centers|"
    "types|kinds|sorts|ways|reasons|options|parts|tons|tonnes|kilos|grams|litres|liters|volts|"
    "amps|hectares|acres|millions|thousands|hundreds|dozens|decibels|services|applications|apps|domains|"
    "slices|networks|links|paths|hops|tenths|hundredths|thousandths|megs|gigs|msecs|secs|mins|hrs|kms|"
    "decades|centuries|nights|mornings|evenings|weekends|percents|teams|groups|rows|columns|items|lots|"
    "decks|angles|cents|crowns|olds|megapixels|mails|emails|letters|contracts|forms|tickets|questions|orders|"
    "payments|scans|x-rays|mammograms|reports|articles|books|snapshots|objects|episodes|tiles|bottles|photographs|"
    "votes|tests|trials|rides|corners|walls|doors|sides|digits|votes|frequencies|seasons|rules|features|options|"
    "views|shots|steps|turns|terms|notes|lines\\s+of\\s+code|products|offers|prices|invoices|surveys"
)
ANY_PEOPLE = (
    "(?!(?:(?:wint|summ|quart|numb|milli|centi|kilo|hecto)?met|param|cent|serv|lay|corn|numb|ord|lett|lit|tow|monit|pap|riv|quart|"
    "charact|comput|rout|contain|answ|numb|off|memb|fact|col|err|vect|tens|sect|ev|docum|perc|apartm|"
    "mom|elem|experim|pres)(?:ers|ors|ents))[a-z]{3,}(?:ers|ors|ists|ians|ees|men|women|ants)"
)
"""Nouns of persons that no list holds, by their endings."""
STOP = (
    "kv|volts?|v|kva|kw|mw|gw|w|kwh|mwh|watts?|amps?|bar|psi|db|dbm|ghz|inch|kg|tons?|tonnes?|"
    "for|with|in|per|at|to|of|from|and|or|between|on|by|over|under|within|is|are|the|each|every|"
    "hours?|days?|minutes?|seconds?|weeks?|months?|years?|km|kilomet\\w+|met(?:er|re)s?|m|cm|"
    "percent|degrees?|gb|tb|mb|gigabytes?|terabytes?|times|fps|frames?|hz|ghz|mhz|square|g|k|ms|"
    "mbps|gbps|kbps|mbit|gbit|priority|latency|delay|that|who|which|while|so|because|must|need|needs"
)
"""What stands between a number and its noun only where the number counts something else."""
