"""Words, sentences and other strings for rendered pages: real-looking in English, invented in every other script."""

from random import Random

# Latin letters with marks, as the languages of Europe, Vietnam and Africa use them.
MARKED = (
    "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿāăąćčďđēėęěğģīįıķļłńňőœřśşšţťūůűųźżžșț"
    "ạảấầẩậắằẵẻẽếềểệỉịọỏốồổộớờởợụủứừửựỳỹßÀÁÂÄÅÆÇÈÉÊËÍÎÑÓÔÖØÙÚÜČŁŚŠŽİ"
)


def _gb2312(first: int, last: int) -> str:
    """Chinese characters of these rows; rows 16 to 55 are the 3755 most frequent ones."""
    return bytes(b for row in range(first, last + 1) for cell in range(94) for b in (160 + row, 161 + cell)).decode(
        "gb2312", "ignore"
    )


# name: (letters, marks that may follow a letter, whether letters join, change order or run from the right).
SCRIPTS = {
    "greek": ("αβγδεζηθικλμνξοπρστυφχψωάέήίόύώς", "", False),
    "cyrillic": ("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґљњ", "", False),
    "armenian": ("".join(map(chr, range(0x561, 0x587))), "", False),
    "georgian": ("".join(map(chr, range(0x10D0, 0x10F1))), "", False),
    "hebrew": ("".join(map(chr, range(0x5D0, 0x5EB))), "", True),
    "arabic": ("".join(map(chr, [*range(0x627, 0x63B), *range(0x641, 0x64B)])), "", True),
    "devanagari": ("".join(map(chr, range(0x915, 0x93A))), "ािीुूेैोौ्ं", True),
    "bengali": ("".join(map(chr, [*range(0x995, 0x9A9), *range(0x9AA, 0x9B1)])), "ািীুূেৈো্", True),
    "tamil": ("கஙசஞடணதநபமயரலவழளறன", "ாிீுூெேைொோ்", True),
    "telugu": ("".join(map(chr, range(0xC15, 0xC29))), "ాిీుూెేొో్", True),
    "thai": ("".join(map(chr, range(0xE01, 0xE2F))), "ะาิีึุู่้", True),
    "khmer": ("".join(map(chr, range(0x1780, 0x17A3))), "ាិីុូេោំ", True),
    "ethiopic": ("".join(map(chr, range(0x1200, 0x1248))), "", False),
    "han": (_gb2312(16, 55), "", False),
    "kana": ("".join(map(chr, [*range(0x3042, 0x3094), *range(0x30A2, 0x30F4)])), "", False),
    "hangul": ("".join(map(chr, range(0xAC00, 0xD7A0))), "", False),
}
UNSPACED = {"han", "kana"}
CASED = {"english", "marked", "greek", "cyrillic"}

ENGLISH = """
the the the the of of of and and and to to to in in a a a is is that for it as was with be by on not he his but at are
this have from or had an they which one you were all her she there would their we him been has when who will no more
if out so up into than them can only other time new some could these two may first then do any like my now over such
our man me even most made after also did many off before must well back through years much where your way down should
because long each just state people those too mr how little good world make very year still see own work men day get
here old life both between being under three never know same last another while us might great go come since against
right came take used few house use during without again place american around however home small found thought went
say part once general high upon school every don't does got united left number course war until always away something
fact though water less public put think almost hand enough far took head yet government system set told nothing night
end why called didn't eyes find going look asked later knew point next city business case group toward young days let
room president side social given present several order national second possible rather per face among form important
often things looked early white problem large big need four within felt children along saw best church ever least power
development light thing seemed family interest want members mind country area others done turned although open service
certain kind different thus began door help sense means whole matter available report invoice balance quarter annual
figure section chapter table results method average temperature pressure engine valve voltage current frequency signal
library window password account settings message button search upload download delete share cancel continue network
garden river mountain bridge village harbour market bread butter coffee sugar pepper journey quick brown fox jumps lazy
""".split()

# Less frequent ones, equally often; `inflected` gives most of them endings.
VOCABULARY = """
ability absence accept access accident accord acid across action active actor actual adapt address adjust admit adult advance
advantage adventure advice affair afford afternoon agency agent agree airport album alarm alcohol alive allow almond alone alter
amount analyse ancient anger angle animal answer anxious apart apartment appeal appear apple apply approach approve argue arise
armour army arrange arrest arrive arrow artist ashore aside aspect assess asset assist assume attach attack attempt attend attract
audience author autumn avenue average avoid await awake award aware awful baby background balance balcony ballot banana banner
barely bargain barrel barrier basement basic basket battle beach bean bear beat beautiful become bedroom beef beer behave behind
believe bell belong bench benefit beside beyond bicycle bird birth bitter black blame blanket blind block blood blow blue board
boat body boil bone book border borrow bother bottle bottom bounce bowl brain branch brave breakfast breath breeze brick brief
bright bring broad broken brother brush budget build bullet bundle burn burst busy button cabin cabinet cable calculate calm camera
camp campaign canal cancer candidate capable capacity capital captain capture carbon career careful cargo carpet carriage carry
castle casual catalogue catch cattle cause ceiling celebrate cell cement central century cereal chain chair challenge chamber
champion chance change channel charge charity charm chart cheap check cheek cheese chemical cherry chest chicken chief chimney
choice choose church circle citizen civil claim class clay clean clerk clever client cliff climate climb clinic clock close cloth
cloud club coach coal coast coat code coin cold collapse collar colleague collect college colony colour column combine comfort
command comment commerce commit common compare compete complain complete complex compose compute concept concern concert conclude
concrete conduct confirm conflict confuse connect conscious consider consist construct consult consume contact contain content
contest context contract contrast contribute control convert convince cook cool copper copy corner correct cost cottage cotton cough
country couple courage course cousin cover crack craft crash cream create credit crew crime crisis critic crop cross crowd crown
cruel crush culture curious curve custom cycle daily damage dance danger daughter dawn deal death debate debt decade decent decide
declare decline decorate deep defeat defend define degree delay delicate deliver demand democracy deny depart depend deposit depth
derive desert deserve design desire desk destroy detail detect develop device devote diamond diary diet differ digital dinner direct
dirty disappear discount discover discuss disease dish dismiss display distance distinct district disturb divide doctor document
domestic double doubt dozen draft dragon drain drama draw dream dress drift drink drive drop drown dry duty eager eagle early earn
earth ease east echo edge edit educate effect effort eight either elbow elder elect electric element elephant eleven else embrace
emerge emotion emperor empire employ empty enable encounter enemy energy engage enjoy enormous ensure enter entire envelope equal
equip error escape essay essential establish estate estimate evening event evidence evil exact examine example excellent except
exchange excite excuse exercise exhibit exist expand expect expense expert explain explode explore export expose express extend
extra extreme fabric facility factor factory fade fail faint fair faith fall false familiar famous fancy farm fashion fast fatal
father fault favour fear feature federal feed fellow fence festival fetch fever fiction fight file fill film final finance finger
finish fire firm fish five flag flame flash flat flavour flesh flight float flood floor flow flower fluid fold follow fool foot
force forecast foreign forest forget fork formal former fortune forward foundation four frame freedom freeze fresh friend frog
front fruit fuel full function fund funny fur furniture future gain gallery game garage gather gaze gear gender gentle genuine
gesture ghost giant gift girl glad glance glass global glory glove goal gold golf good govern grace grade grain grand grant grape
graph grass grateful grave gravity green greet grey grief grip ground grow guard guess guest guilty guitar habit hair half hammer
handle hang happen happy hardly harm harvest hate hazard headline heal health heap heart heat heaven heavy height hello herb heritage
hero hesitate hide hill hint hire history hobby hold hole holiday hollow holy honest honey honour hook hope horizon horn horror
horse hospital host hotel hour huge human humour hundred hungry hunt hurry hurt husband ideal identify ignore illness image imagine
impact import impose impress improve impulse include income increase indeed index indicate industry infant infer inflation inform
initial injure inner innocent inquiry insect insert inside insist inspire instance instead instruct insurance intend internal
interpret interrupt invade invent invest invite involve iron island issue ivory jacket jail jar jaw jazz jealous join joke journal
joy judge juice jump junior jury just keen keep kettle keyboard kick kidney kill kilometre king kiss kitchen knee knife knock know
label labour lack ladder lady lake lamb lamp land lane language lap laser latter laugh launch lawyer layer lazy lead leaf league
lean leap learn lease leather leave lecture legal legend lemon lend length lesson liberty licence lift limb limit linen link lion
liquid listen literature liver load loan lobby local lock log lonely loose lord lose loud love loyal luck lunch lung machine magazine
magic magnet mail main maintain major male manage manner manual marble march margin marine mark marry mask mass master match mate
maximum maybe mayor meadow meal measure meat mechanic medal media medicine medium meet melody melt memory mental mention menu mercy
merely merit message metal middle might mild mile military milk mill mineral minimum minister minor minute miracle mirror miss
mission mistake mix mobile mode modest modify moment monitor monkey month mood moon moral morning mother motion motor mount mouse
mouth move movie mud multiple murder muscle museum music mutual myth nail naked narrow nation native nature navy near neat neck need
needle negative neglect neighbour nephew nerve nest network neutral nice nine noble noise normal north nose note notice notion novel
nowhere nuclear nurse nut oak obey object oblige observe obtain obvious occasion occupy occur ocean odd offend offer office officer
official oil olive onion opera operate opinion oppose option orange orbit orchard ordinary organ origin ought ounce outcome outline
output outside oven overall owe owner oxygen pace pack page pain paint pair palace pale palm panel panic paper parade parallel
parcel parent park parlour partner party pass passage passenger passion past patch path patient pattern pause pay peace peak pearl
pencil penny pension percent perfect perform perhaps permit person persuade phase phone photograph phrase physical piano pick picture
piece pig pile pill pilot pin pine pink pipe pitch pity plain plan plane planet plant plastic plate platform play plead pleasant
please plenty plot plug poem poet point poison pole police policy polite political pollution pond pool poor popular port portion
portrait pose position positive possess post potato potential pound pour poverty powder practice praise pray precious precise predict
prefer prepare preserve press pretend pretty prevent previous price pride priest prime prince print prior prison private prize proceed
process produce profession profit programme progress project promise promote proof proper property proportion propose prospect protect
protest proud prove provide province psychology publish pull pulse pump punish pupil purchase pure purple purpose pursue push puzzle
quality quantity queen query quest queue quiet quit quite quote rabbit race radio rail rain raise range rank rapid rare rather raw
reach react reader ready real reason rebel recall receive recent recipe recommend record recover recruit reduce refer reflect reform
refuse regard regime region register regret regular reject relate relax release relevant relief religion rely remain remark remember
remind remote remove rent repair repeat replace reply represent reputation request require rescue research reserve resign resist
resolve resort respect respond rest restaurant restore restrict retain retire retreat return reveal revenue review revolution reward
rhythm ribbon rice rich ride rifle ring ripe rise risk ritual rival road roast rob robot rock role roll romance roof root rope rose
rough round route routine royal rub rubber ruin rule rumour rural rush sacred sacrifice sad safe sail saint sake salad salary sale
salt sample sanction sand satellite satisfy sauce savage save scale scan scene schedule scheme scholar science scope score scratch
scream screen script sculpture seal season seat second secret secure seed seek seize seldom select self senior sensitive sentence
separate sequence series serious servant session settle seven severe shade shadow shake shallow shame shape sharp sheep sheet shelf
shell shelter shift shine ship shirt shock shoe shoot shop shore short shoulder shout show shower shut sick side siege sigh sight
sign silence silk silver similar simple since sing sister site situation sketch skill skin skirt sky slave sleep slice slide slight
slip slope slow smart smell smile smoke smooth snake snow soap society sock soft soil soldier solid solve song sorry sort soul sound
soup source south space spare speak species specify speech speed spell spend sphere spider spin spirit split spoil spoon sport spot
spread spring square squeeze stable staff stage stair stamp stand standard star stare start statue status steady steal steam steel
steep stem step stick stiff still stomach stone stop storage store storm story straight strain strange stranger straw stream street
strength stress stretch strict strike string strip stroke structure struggle student studio study stuff stupid style subject submit
succeed sudden suffer suggest suit summer summit sun supply support suppose surface surgeon surprise surround survey survive suspect
swallow swear sweat sweep sweet swell swim swing switch sword symbol sympathy symptom tail tale talent talk tall tank tape target task
taste tax teach team tear technique telephone tell temple tend tennis tension tent term terrible territory terror test text theatre
theme theory thick thief thin thirty thorough thread threat throat throne throw thumb thunder ticket tide tidy tie tight timber tin
tiny tip tired tissue title toast tobacco toe together tomorrow tone tongue tonight tool tooth topic torch total touch tough tour
towel tower town toy trace track trade tradition traffic trail train transfer transform translate transport trap travel treasure treat
tree tremble trend trial tribe trick trip tropical trouble trousers truck trust truth tube tune tunnel turkey twelve twenty twice twin
twist type ugly ultimate umbrella uncle uniform union unique unit universe unless upper upset urban urge usual valid value vary vast
vegetable vehicle veil vein venture verb verse version vessel victim victory view violent violin virtue virus visible vision vital
vivid vocal volume vote wage waggon waist wake walk wall wander warm warn wash waste watch wave weak wealth weapon wear weather
weave wedding weed week weigh welcome welfare west wet wheat wheel whenever whereas whether whisper whistle white whom widow width
wife wild willow win wind wine wing winter wipe wire wise wish witness wolf woman wonder wood wool workshop worry worth wound wrap
wreck wrist write wrong yacht yard yellow yesterday yield young youth zero zone
""".split()

MENU = """
File Edit View Help Tools Window Open Save Close Print Copy Paste Undo Redo Insert Format Settings Options Account
Search Home Back Next Cancel OK Apply Reset Delete Rename Share Download Upload Profile Messages Inbox Sent Drafts
Archive Reply Forward Send Log out Sign in Name Type Size Date Status Total Price Amount Details More Less Show Hide
Dark mode Notifications Privacy Security Network Display Sound Battery Storage Language Region Update Restart New
""".split()

KEYWORDS = """
def class return import from for while if else elif try except with as in not and or None True False fn let mut pub
impl struct enum match use mod const static int float void char return switch case break continue new this public
private function var async await yield lambda SELECT FROM WHERE JOIN
""".split()

NAMES = """
index count value buffer result node list map key data size offset width height stride error path file line token
parser state config item user name text image pixel row column weight bias input output kernel scale step total
""".split()

OPERATORS = " = | + |, |.| == |[i]| -> |: | != | && |::|; | {|)".split("|")

ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sh sl sp st t th tr v w y z".split()
NUCLEI = "a e i o u a e i o ai ea ee ie oo ou".split()
CODAS = "b ck d ft g l ll m n nd ng nt p r rd rk rn rt s ss st t th x".split() + [""] * 12
SYMBOLS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~§©®°±€£¥•–—…"
MATHS = "+-=<>()/^×·÷±≤≥≠≈∞∑∏∫√∂∆πλµσθαβγ²³"


def pseudo_word(dice: Random) -> str:
    return "".join(
        dice.choice(ONSETS) + dice.choice(NUCLEI) + dice.choice(CODAS) for _ in range(dice.choice((1, 1, 2, 2, 3)))
    )


def inflected(dice: Random, word: str) -> str:
    """The word, or with an ending that many take; not all of them are right."""
    ending = dice.choice(("", "", "", "s", "s", "ed", "ing", "er", "ly"))
    stem = word[:-1] if word[-1] == "e" and ending[:1] in ("e", "i") else word
    return stem + ending


def marked_word(dice: Random) -> str:
    """A pseudo-word with a third of its letters replaced by marked ones."""
    return "".join(dice.choice(MARKED) if dice.random() < 0.33 else c for c in pseudo_word(dice))


def script_word(dice: Random, script: str) -> str:
    letters, marks, _ = SCRIPTS[script]
    drawn = (dice.choice(letters) for _ in range(dice.randint(1, 9)))
    word = "".join(c + dice.choice(marks) if marks and dice.random() < 0.4 else c for c in drawn)
    if script in CASED and dice.random() < 0.25:
        return word.upper() if dice.random() < 0.3 else word.capitalize()
    return word


def number(dice: Random) -> str:
    kind = dice.randrange(9)
    n = dice.randrange(10 ** dice.randint(1, 6))
    match kind:
        case 0 | 1:
            return str(n)
        case 2:
            return f"{n:,}.{dice.randrange(100):02}"
        case 3:
            return dice.choice("$€£") + f"{n % 10000}.{dice.randrange(100):02}"
        case 4:
            return f"{dice.randint(1, 31):02}{dice.choice('./-')}{dice.randint(1, 12):02}.{dice.randint(1950, 2049)}"
        case 5:
            return f"{dice.randrange(24):02}:{dice.randrange(60):02}"
        case 6:
            return f"{dice.random() * 100:.1f}%"
        case 7:
            return f"+{dice.randint(1, 99)} {dice.randrange(1000):03} {dice.randrange(10**6):06}"
        case _:
            return dice.choice("ABCDEFGHKLMNPRSTXZ") + dice.choice("ABC-/") + f"{n:04X}"


def formula(dice: Random) -> str:
    parts = []
    for _ in range(dice.randint(2, 6)):
        parts += [dice.choice("xyzabcfgnkuvtRSTEF") if dice.random() < 0.6 else str(dice.randrange(100))]
        parts += [dice.choice(MATHS)]
    return "".join(parts)


def address(dice: Random) -> str:
    words = pseudo_word(dice), pseudo_word(dice)
    end = dice.choice(("com", "org", "net", "io", "de", "co.uk"))
    return dice.choice(("{}@{}.{}", "www.{}-{}.{}", "https://{}.{}.{}/", "/{}/{}.{}")).format(*words, end)


def soup(dice: Random, length: int) -> str:
    """Letters, digits and signs without any order: nothing to guess from."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + SYMBOLS[:32]
    return "".join(dice.choice(letters) for _ in range(length))


class Language:
    """A source of words in one script; `shaped` says whether its letters join or change order."""

    def __init__(self, dice: Random, script: str):
        self.dice, self.script = dice, script
        self.shaped = script in SCRIPTS and SCRIPTS[script][2]
        self.gap = "" if script in UNSPACED else " "
        self.invented = dice.choice((0.0, 0.0, 0.2, 1.0))

    def word(self) -> str:
        dice = self.dice
        if self.script in SCRIPTS:
            return script_word(dice, self.script)
        draw = dice.random()
        if draw < 0.06:
            return number(dice)
        if draw < 0.08:
            return address(dice) if dice.random() < 0.3 else soup(dice, dice.randint(2, 8))
        if self.script == "marked":
            word = marked_word(dice)
        else:
            frequent = dice.random() < 0.6
            word = dice.choice(ENGLISH) if frequent else inflected(dice, dice.choice(VOCABULARY))
            word = pseudo_word(dice) if dice.random() < self.invented else word
        case = dice.random()
        return word.capitalize() if case < 0.12 else word.upper() if case < 0.16 else word

    def capital(self, word: str) -> str:
        return word[:1].upper() + word[1:] if self.script in CASED else word

    def sentence(self) -> list[str]:
        """Words with their punctuation attached."""
        dice = self.dice
        words = [self.word() for _ in range(dice.randint(4, 16))]
        words[0] = self.capital(words[0])
        if len(words) > 6 and dice.random() < 0.6:
            words[dice.randrange(len(words) - 1)] += dice.choice(",,,;:")
        if dice.random() < 0.1:
            i = dice.randrange(len(words))
            words[i] = dice.choice(("({})", "“{}”", '"{}"', "‘{}’", "[{}]")).format(words[i])
        words[-1] += "。" if self.script in UNSPACED else dice.choice("....?!")
        return words

    def title(self, most: int = 5) -> str:
        words = [self.word() for _ in range(self.dice.randint(1, most))]
        style = self.dice.random()
        if style < 0.25 and self.script in CASED:
            return self.gap.join(words).upper()
        return self.gap.join(map(self.capital, words) if style < 0.7 else words)

    def label(self) -> str:
        if self.script == "english" and self.dice.random() < 0.7:
            return " ".join(self.dice.choice(MENU) for _ in range(self.dice.choice((1, 1, 1, 2))))
        return self.title(2)


def code_line(dice: Random) -> list[tuple[str, int]]:
    """Tokens of an invented programming line with a colour class: 0 plain, 1 keyword, 2 string, 3 number, 4 comment."""
    if dice.random() < 0.12:
        return [(dice.choice(("# ", "// ", "/* ")) + " ".join(dice.choices(ENGLISH, k=dice.randint(2, 7))), 4)]
    tokens = [("    " * dice.choice((0, 1, 1, 2, 2, 3)), 0)]
    if dice.random() < 0.6:
        tokens.append((dice.choice(KEYWORDS) + " ", 1))
    for _ in range(dice.randint(1, 5)):
        draw = dice.random()
        if draw < 0.5:
            name = dice.choice(NAMES) + dice.choice(("", "", "_" + dice.choice(NAMES), str(dice.randrange(9))))
            tokens.append((name, 0))
        elif draw < 0.65:
            tokens.append((dice.choice("\"'") + dice.choice(ENGLISH) + dice.choice("\"'"), 2))
        elif draw < 0.8:
            value = dice.randrange(65536)
            tokens.append((dice.choice((str(value), f"0x{value:x}", f"{value / 512:.2f}")), 3))
        else:
            tokens.append((f"{dice.choice(NAMES)}({dice.choice(NAMES)})", 0))
        tokens.append((dice.choice(OPERATORS), 0))
    return tokens
