"""What is tried first as a password, here: with up to four digits or signs around it, it is none.

A short list of our own on purpose. It catches what a person in a hurry types on a box such as this
one; what the long lists of leaked passwords add, the delays between attempts make worthless.
"""

ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "ضصثقفغعهخحجچشسیبلاتنمکگظطزرذدئو",
    "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی",
)

_WORDS = """
password passw0rd p@ssword p@ssw0rd pa$$word pass word passphrase secret letmein welcome
changeme change default admin administrator root user guest test tester testing login master
manager owner operator support service system server router modem network internet computer
wireless telephone phone call center callcenter switchboard exchange extension technician
installer setup panasonic asterisk payvand peyvand payamgostar crm office branch company
iloveyou love monkey dragon sunshine princess football soccer baseball superman batman
starwars shadow flower freedom whatever trustno1 qwerty qwertz azerty abc abcd abcdef abc123
qwe asd zxc asdf zxcv asdfgh zxcvbn google samsung apple microsoft windows linux debian
raspberry raspberrypi hello salam doosetdaram doostdaram khodaya khoda ali mohammad mohamad
reza hossein hosein hasan zahra fatemeh maryam mehdi amir amirali sara iran irani persian
tehran mashhad isfahan esfahan shiraz tabriz karaj ahvaz qom rasht yazd kerman persepolis
esteghlal parspack azadi رمز رمزعبور گذرواژه پسورد سلام ایران تهران مشهد پیوند مدیر کاربر
دفتر شعبه شرکت تلفن سانترال tda100 tda200 tes824 pccsmdr smdr
"""
COMMON = frozenset(_WORDS.split())
