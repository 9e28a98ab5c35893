"""Every setting, read once from the environment; .env.example lists the variables."""

from datetime import date, timedelta
from ipaddress import ip_network
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from establishments.identity_providers import WrongProvider, read_identity_providers

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

DEBUG = env.bool("DEBUG", default=False)
DEMO_MODE = env.bool("DEMO_MODE", default=False)
# Where the demonstration's mail catcher keeps what it receives (a Maildir).
DEMO_MAILS = env.str("DEMO_MAILS", default="")
# Where the demonstration plays FranceConnect and an ENT, in a process of its own.
DEMO_PROVIDER = env.str("DEMO_PROVIDER", default="")
# Plain http: the demo and the tests, on loopback. Production is behind TLS.
INSECURE_HTTP = env.bool("INSECURE_HTTP", default=False)

UNSAFE_SECRET_KEY = "unsafe-default-secret-key-refused-in-production"
# A Fernet key anyone can read here: 32 zero bytes.
UNSAFE_SECRETS_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
SECRET_KEY = env.str("SECRET_KEY", default=UNSAFE_SECRET_KEY)
# Former values, still accepted while what they signed lives (sessions, links of mails).
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# Fernet keys of provisional secrets and documents: the first encrypts, all decrypt.
SECRETS_KEYS: list[str] = env.list("SECRETS_KEYS", default=[UNSAFE_SECRETS_KEY])
if not INSECURE_HTTP and (SECRET_KEY == UNSAFE_SECRET_KEY or UNSAFE_SECRETS_KEY in SECRETS_KEYS):
    raise ImproperlyConfigured("SECRET_KEY and SECRETS_KEYS must be set: the defaults are for tests only.")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
OPERATOR_NAME = env.str("OPERATOR_NAME", default="EduConnect")
STATE_BRAND = env.bool("STATE_BRAND", default=False)
# Where agents open the console, and where families activate their account (printed on sheets).
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
ACTIVATION_URL = env.str("ACTIVATION_URL", default=f"{PUBLIC_URL}/activation/")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "widget_tweaks",
    "dsfr",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "establishments.apps.EstablishmentsConfig",
    "notifications.apps.NotificationsConfig",
    "accounts.apps.AccountsConfig",
    # By its class: the bare name is the standard library's module for whoever imports it first.
    "statistics.apps.StatisticsConfig",
    "aaf_import.apps.AafImportConfig",
]

MIDDLEWARE = [
    "educonnect_admin.surface.SurfaceMiddleware",
    "educonnect_admin.request_context.RequestContextMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.activation.middleware.FamilySessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "establishments.middleware.SessionLimitsMiddleware",
    "establishments.middleware.SignInRequiredMiddleware",
    "establishments.middleware.SecondFactorMiddleware",
    "establishments.middleware.LocalTimeMiddleware",
]

ROOT_URLCONF = "educonnect_admin.urls"
WSGI_APPLICATION = "educonnect_admin.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "educonnect_admin.context.site",
                "establishments.sessions.limits",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres://educonnect@localhost:5432/educonnect")}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://localhost:6379/0")
# redis-py and Celery's broker spell the database number of a unix socket differently.
_CACHE_URL = REDIS_URL.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _CACHE_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
# A session ends when left idle, and in any case so long after the sign-in.
SESSION_IDLE = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=60))
SESSION_LIFETIME = timedelta(hours=env.int("SESSION_HOURS", default=10))
# Longer than both: whose session has just ended is still known, so that their form is not lost.
SESSION_COOKIE_AGE = int((SESSION_LIFETIME + timedelta(hours=1)).total_seconds())
SESSION_COOKIE_NAME = "session" if INSECURE_HTTP else "__Host-session"
# Families are no users of the console: below these paths, their own session and nothing of an agent's.
FAMILY_PATHS = ("/activation/", "/compte/")
FAMILY_SESSION_COOKIE_NAME = "family" if INSECURE_HTTP else "__Host-family"
FAMILY_SESSION_IDLE = timedelta(minutes=env.int("FAMILY_SESSION_IDLE_MINUTES", default=30))
FAMILY_SESSION_LIFETIME = timedelta(hours=env.int("FAMILY_SESSION_HOURS", default=4))
# How long former sessions are told to the family; how recent a sign-in must be to change what matters.
FAMILY_SIGN_INS_KEPT = timedelta(days=env.int("FAMILY_SIGN_INS_DAYS", default=30))
FAMILY_PROOF_LIFETIME = timedelta(minutes=env.int("FAMILY_PROOF_MINUTES", default=10))
# How long the mailed links open: to choose a new password, to confirm a new address.
RECOVERY_LINK_LIFETIME = timedelta(minutes=env.int("RECOVERY_LINK_MINUTES", default=30))
NEW_MAIL_LINK_LIFETIME = timedelta(hours=env.int("NEW_MAIL_LINK_HOURS", default=24))
# A browser which signed in to an account is not slowed by what strangers try on it.
FAMILY_DEVICE_COOKIE_NAME = "family-device" if INSECURE_HTTP else "__Host-family-device"
FAMILY_DEVICE_LIFETIME = timedelta(days=env.int("FAMILY_DEVICE_DAYS", default=180))
CSRF_COOKIE_NAME = "csrf" if INSECURE_HTTP else "__Host-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SESSION_COOKIE_SAMESITE = "Lax"
# Pages bear the token of their forms: no script reads the cookie.
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "establishments.security_views.stale_page"

# Where agents may also sign in, each by its OIDC_<KEY>_… variables (see .env.example).
try:
    IDENTITY_PROVIDERS = read_identity_providers(
        env.list("OIDC_PROVIDERS", default=[]), env.ENVIRON, insecure_http=INSECURE_HTTP
    )
except WrongProvider as wrong:
    raise ImproperlyConfigured(str(wrong)) from None
# Seconds a provider may take to accept a connection, and between two pieces of an answer.
OIDC_TIMEOUT = env.float("OIDC_TIMEOUT", default=5.0)
# Families' FranceConnect; not offered unless the three are said.
FRANCECONNECT_ISSUER = env.str("FRANCECONNECT_ISSUER", default="").rstrip("/")
FRANCECONNECT_CLIENT_ID = env.str("FRANCECONNECT_CLIENT_ID", default="")
FRANCECONNECT_CLIENT_SECRET = env.str("FRANCECONNECT_CLIENT_SECRET", default="")
_FRANCECONNECT = (FRANCECONNECT_ISSUER, FRANCECONNECT_CLIENT_ID, FRANCECONNECT_CLIENT_SECRET)
if any(_FRANCECONNECT) and not all(_FRANCECONNECT):
    raise ImproperlyConfigured("FRANCECONNECT_ISSUER, _CLIENT_ID and _CLIENT_SECRET go together.")
if FRANCECONNECT_ISSUER.startswith("http:") and not INSECURE_HTTP:
    raise ImproperlyConfigured("FRANCECONNECT_ISSUER must be an https:// address.")
# Our name among the federation's delegations, and what one of them lets do (docs/adr/0012).
FEDERATION_APPLICATION = env.str("FEDERATION_APPLICATION", default="educonnect")
FEDERATION_PROFILE = env.str("FEDERATION_PROFILE", default="ASSIST")
FEDERATION_POPULATION = env.str("FEDERATION_POPULATION", default="BOTH")
# Codes of FrEduFonctAdm by which a deputy is told among those who direct; by default heads alone are (DIR).
FEDERATION_DEPUTY_FUNCTIONS: list[str] = env.list("FEDERATION_DEPUTY_FUNCTIONS", default=[])
# What claims opened ends for who has not signed in by the federation for so long: nobody vouches for them.
FEDERATION_LIFETIME = timedelta(days=env.int("FEDERATION_DAYS", default=90))
if FEDERATION_PROFILE not in {"CONSULT", "ASSIST", "MANAGE"} or FEDERATION_POPULATION not in {
    "STUDENTS",
    "RESPONSABLES",
    "BOTH",
}:
    raise ImproperlyConfigured("FEDERATION_PROFILE or FEDERATION_POPULATION is not one of .env.example.")

SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else int(timedelta(days=365).total_seconds())
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_REDIRECT_EXEMPT = [r"^sante/"]
# What an agent reads of a family stays in the session, not in a cookie of its own.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# A selection of 5,000 accounts is one field of 95 KB at most, or as many fields.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 << 10
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_500
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["educonnect_admin.surface.NoFiles"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        # DSFR's style sheet draws some icons with data: SVG.
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

AUTH_USER_MODEL = "establishments.Agent"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "establishments.password_words.ServiceWordsValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # Families', who are many: its parameters are said there.
    "accounts.activation.hashing.FamilyHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
INVITATION_LIFETIME = timedelta(days=env.int("INVITATION_DAYS", default=7))
# How long the link which a family receives to activate its account opens.
ACTIVATION_LINK_LIFETIME = timedelta(days=env.int("ACTIVATION_LINK_DAYS", default=7))
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=2).total_seconds())
ACCOUNT_ADAPTER = "establishments.sign_in.ConsoleAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# A forgotten password asked for an address nobody has: said alike on screen, and no mail to strangers.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
# Tries: five wrong passwords or codes close an agent's door for five minutes. A whole académie may share one
# address, so addresses are counted more broadly than by default.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "30/m/ip,5/5m/key"}

# Where no second factor is asked: « 10.0.0.0/8,2001:db8::/32 », as client_address() sees them.
ADMIN_NETWORKS = [ip_network(network.strip()) for network in env.list("ADMIN_NETWORKS", default=[])]
# Whence /sante/metriques is read.
METRICS_NETWORKS = [
    ip_network(network.strip())
    for network in env.list("METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"])
]
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}
MFA_ADAPTER = "establishments.sign_in.ConsoleMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
# A telephone's clock may be half a minute off; establishments/factor_forms.py lets a code serve once.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = INSECURE_HTTP
MFA_FORMS = {
    "authenticate": "establishments.factor_forms.FactorForm",
    "reauthenticate": "establishments.factor_forms.FactorAgainForm",
    "login_webauthn": "establishments.factor_forms.PasskeyForm",
}
# Lists and statistics an agent may take away in an hour.
EXPORT_RATE = env.int("EXPORT_RATE", default=30)

SOCIALACCOUNT_ADAPTER = "establishments.federation.door.ConsoleSocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"provider_class": "establishments.federation.provider.FederationProvider"},
}

# Reverse proxies in front, each adding to X-Forwarded-For: whose address the sign-in throttle counts.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)

LANGUAGE_CODE = "fr"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"
LOCALE_PATHS = [BASE_DIR / "locale"] if (BASE_DIR / "locale").is_dir() else []

# Served straight from the apps, not collected: tests and development.
PLAIN_STATIC = DEBUG or env.bool("PLAIN_STATIC", default=False)
STATIC_URL = "static/"
STATIC_ROOT = None if PLAIN_STATIC else BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PLAIN_STATIC
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
# Looked up when asked for, instead of reading thousands of files at every start.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = PLAIN_STATIC
# No other site has a use for them.
WHITENOISE_ALLOW_ALL_ORIGINS = False
DSFR_USE_INTEGRITY_CHECKSUMS = False

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:25")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="ne-pas-repondre@example.org")
# Seconds a mail server may take over one command.
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=30)
# Where bounces come back, as retours+<signed key>@…; without it they go to DEFAULT_FROM_EMAIL, unread.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
# How long mails to families are held after the confirmation: time to call them off.
MAIL_HOLD = timedelta(minutes=env.int("MAIL_HOLD_MINUTES", default=10))
# Mails a minute, all senders together (0: as fast as the server takes them), and how many connections.
MAIL_RATE = env.int("MAIL_RATE", default=600)
MAIL_SENDERS = env.int("MAIL_SENDERS", default=1)
# A mail put off so many times, or promised so long ago, has failed.
MAIL_ATTEMPTS = env.int("MAIL_ATTEMPTS", default=20)
MAIL_GIVE_UP = timedelta(hours=env.int("MAIL_GIVE_UP_HOURS", default=24))
# How long the address a mail went to is known, and its one-use link: then only that it was sent, or failed.
MAIL_RECORD_LIFETIME = timedelta(days=env.int("MAIL_RECORD_DAYS", default=365))

# Where SMS are handed over: a gateway over HTTP (docs/operations.md), or a folder; without, none is offered.
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL", default="")
SMS_GATEWAY_SECRET = env.str("SMS_GATEWAY_SECRET", default="")
SMS_SENDER = env.str("SMS_SENDER", default="")
# Seconds a gateway may take to accept a connection, and to answer.
SMS_TIMEOUT = env.float("SMS_TIMEOUT", default=10.0)
SMS_SPOOL = env.str("SMS_SPOOL", default="")
# Codes an hour: asked from one address (an operator's, a school's: many families), and in all.
SMS_ADDRESS_RATE = env.int("SMS_ADDRESS_RATE", default=60)
SMS_RATE = env.int("SMS_RATE", default=5_000)
if SMS_GATEWAY_URL and SMS_SPOOL:
    raise ImproperlyConfigured("SMS_GATEWAY_URL and SMS_SPOOL: one or the other.")
if SMS_GATEWAY_URL and not SMS_GATEWAY_SECRET:
    raise ImproperlyConfigured("SMS_GATEWAY_SECRET must be set: the gateway knows our SMS by it.")
if SMS_GATEWAY_URL and not INSECURE_HTTP and not SMS_GATEWAY_URL.startswith("https://"):
    raise ImproperlyConfigured("SMS_GATEWAY_URL must be https: codes go through it.")
if not 0 < SMS_TIMEOUT <= 20:
    raise ImproperlyConfigured("SMS_TIMEOUT is a number of seconds up to 20.")

# When the folders of deliveries are looked at, in Paris.
AAF_SCAN_HOURS: list[int] = env.list("AAF_SCAN_HOURS", cast=int, default=[4])
if not AAF_SCAN_HOURS or not set(AAF_SCAN_HOURS) <= set(range(24)) - {2}:
    # An hour which happens twice or never.
    raise ImproperlyConfigured("AAF_SCAN_HOURS are hours from 0 to 23, and not 2.")

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
# A task is acknowledged when done, so a killed worker's task is delivered again.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 4 * 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Europe/Paris"
CELERY_BEAT_SCHEDULE_FILENAME = env.str("BEAT_SCHEDULE_FILE", default=str(BASE_DIR / "var" / "beat-schedule"))
CELERY_BEAT_SCHEDULE = {
    "sweep-family-sessions": {
        "task": "accounts.sweep_family_sessions",
        "schedule": crontab(hour=0, minute=25),
    },
    "sweep-sessions": {"task": "establishments.sweep_sessions", "schedule": crontab(hour=0, minute=20)},
    "erase-dead-secrets": {"task": "accounts.purge_expired_secrets", "schedule": crontab(hour=0, minute=40)},
    "forget-mails": {"task": "accounts.forget_mails", "schedule": crontab(hour=1, minute=10)},
    "end-unconfirmed-claims": {
        "task": "establishments.end_unconfirmed_claims",
        "schedule": crontab(hour=3, minute=40),
    },
    "purge-documents": {"task": "notifications.purge_documents", "schedule": crontab(minute=50)},
    "tend-sms": {"task": "notifications.tend_sms", "schedule": timedelta(seconds=30)},
    "resume-operations": {"task": "accounts.resume_stalled_operations", "schedule": timedelta(minutes=1)},
    "start-scheduled": {"task": "accounts.start_scheduled_operations", "schedule": timedelta(seconds=15)},
    "send-mails": {"task": "accounts.send_mails", "schedule": timedelta(seconds=30)},
    # Once the UTC day is over in every season; again, for what a long import kept open.
    "seal-journal": {"task": "establishments.seal_journal", "schedule": crontab(hour="3,6,9", minute=20)},
    "purge-journal": {"task": "establishments.purge_journal", "schedule": crontab(hour=9, minute=40)},
    # Several scans an hour: a delivery without its « .ok » must be seen twice the same.
    "import-aaf": {
        "task": "aaf_import.import_inbox",
        "schedule": crontab(hour=",".join(map(str, AAF_SCAN_HOURS)), minute="*/10"),
    },
    # What did not leave when the run ended: the mail server was away.
    "tell-refused-imports": {"task": "aaf_import.tell_refusals", "schedule": timedelta(minutes=5)},
    # What an import ends at once, and what ended otherwise: a mandate of the federation, say.
    "end-orphaned-delegations": {
        "task": "establishments.end_orphaned_delegations",
        "schedule": crontab(hour=5, minute=20),
    },
    "forget-notices": {"task": "establishments.forget_notices", "schedule": crontab(hour=1, minute=15)},
    # What did not leave at once: the queue or the mail server was away.
    "send-notices": {"task": "establishments.send_notices", "schedule": timedelta(minutes=5)},
    # After the imports: a child who came back last night is not missing.
    "end-accounts": {"task": "accounts.end_accounts", "schedule": crontab(hour=5, minute=20)},
    "forget-anomalies": {"task": "aaf_import.forget_anomalies", "schedule": crontab(hour=1, minute=20)},
    # In no académie at night: from Tahiti, the evening before, to Nouvelle-Calédonie.
    "promise-reminders": {"task": "accounts.promise_reminders", "schedule": crontab(hour=7, minute=20)},
    # After the imports, and at an hour which in no académie is near midnight in one season only.
    "take-snapshots": {"task": "statistics.take_snapshots", "schedule": crontab(hour=6, minute=40)},
}

# The mail of each académie's assistance, by its code: « 24=assistance@example.org,28=… ».
ASSISTANCE_MAILS: dict[str, str] = env.dict("ASSISTANCE_MAILS", default={})

# Whom families call, by the code of the académie: a number, a mail, an address of the web.
FAMILY_ASSISTANCE_PHONES: dict[str, str] = env.dict("FAMILY_ASSISTANCE_PHONES", default={})
FAMILY_ASSISTANCE_MAILS: dict[str, str] = env.dict("FAMILY_ASSISTANCE_MAILS", default={})
FAMILY_ASSISTANCE_PAGES: dict[str, str] = env.dict("FAMILY_ASSISTANCE_PAGES", default={})

# How long the assistance of an académie reads an establishment, for one stated reason.
VISIT_DURATION = timedelta(hours=env.int("VISIT_HOURS", default=4))
# Whole months of events kept besides the current one; older ones, once sealed, are dropped.
JOURNAL_MONTHS = env.int("JOURNAL_MONTHS", default=12)

DOCUMENTS_ROOT = Path(env.str("DOCUMENTS_ROOT", default=str(BASE_DIR / "var" / "documents")))
DOCUMENT_LIFETIME = timedelta(days=env.int("DOCUMENT_DAYS", default=7))
# Accounts of one transaction of a bulk action.
OPERATION_CHUNK = env.int("OPERATION_CHUNK", default=500)
AAF_INBOX = Path(env.str("AAF_INBOX", default=str(BASE_DIR / "var" / "inbox")))
# A delivery without its « .ok » is complete when nothing of it changed for so long, from one scan to another.
AAF_STABLE_SECONDS = env.int("AAF_STABLE_SECONDS", default=300)
# Hours since its last good import after which a feed is late: a day, and what a night's hours may differ by.
AAF_LATE_HOURS = env.int("AAF_LATE_HOURS", default=26)
# Who is told of a refused import.
OPS_MAILS: list[str] = env.list("OPS_MAILS", default=[])
AAF_PROCESSES = env.int("AAF_PROCESSES", default=2)
AAF_UNPACK_LIMIT = env.int("AAF_UNPACK_LIMIT_GB", default=20) << 30
# An establishment, or a feed, of fewer pupils is not watched; above, more losses at once are not believed.
AAF_WATCHED_FROM = env.int("AAF_WATCHED_FROM", default=30)
AAF_ESTABLISHMENT_LOSS = env.float("AAF_ESTABLISHMENT_LOSS", default=0.20)
AAF_FEED_LOSS = env.float("AAF_FEED_LOSS", default=0.05)
# From one day to another, extracts change the school year: the oldest pupils of each school leave at once.
AAF_YEAR_CHANGE = [
    date.fromisoformat(day) for day in env.str("AAF_YEAR_CHANGE", default="").split(":") if day
]
AAF_YEAR_CHANGE_LOSS = env.float("AAF_YEAR_CHANGE_LOSS", default=0.60)
# 1er degré: brothers and sisters, educators and carers are listed without being legal guardians.
AAF_NOT_LEGAL_KINSHIPS: list[str] = env.list("AAF_NOT_LEGAL_KINSHIPS", default=["37", "41", "42", "43"])
# What a family must choose as a password: « guide » (8 to 14, letters and digits) or « cnil ».
FAMILY_PASSWORD_RULE = env.str("FAMILY_PASSWORD_RULE", default="cnil")
if FAMILY_PASSWORD_RULE not in {"guide", "cnil"}:
    raise ImproperlyConfigured("FAMILY_PASSWORD_RULE is « guide » or « cnil ».")
# An account without a child for so long is closed; closed for so long, it is nobody's any more.
ACCOUNT_CLOSING_DELAY = timedelta(days=env.int("ACCOUNT_CLOSING_DAYS", default=90))
ACCOUNT_ANONYMISING_MONTHS = env.int("ACCOUNT_ANONYMISING_MONTHS", default=12)
# Accounts for « personnes en charge » (legal flag 2 since 2018), who are not legal guardians.
ACCOUNTS_FOR_PERSONS_IN_CHARGE = env.bool("ACCOUNTS_FOR_PERSONS_IN_CHARGE", default=False)

# « line » to be read, « json » to be collected: one object a line.
LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT is « line » or « json ».")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"discreet": {"()": "educonnect_admin.log_lines.DiscreetFilter"}},
    "formatters": {
        "line": {
            "()": "educonnect_admin.log_lines.DiscreetFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {"()": "educonnect_admin.json_lines.JsonFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["discreet"]}
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # Each step of each rendering, each subset font: of no use to who reads a server's log.
    "loggers": {name: {"level": "WARNING"} for name in ("weasyprint", "fontTools", "pikepdf")},
}
