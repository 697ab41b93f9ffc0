"""Settings, all from the environment: see the table in docs/operations.md."""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _
from kombu import Exchange, Queue

from config import broker, embedded, logs
from config.common.kept import kept

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


DATA_DIR = Path(os.environ.get("DATA_DIR") or embedded.data_dir())
DATABASE_URL = os.environ.get("DATABASE_URL", "")
DEBUG = _flag("DEBUG")

# Without a database of its own an installation is one laptop's: it makes itself a key and keeps it.
LAPTOP = not DATABASE_URL


def _secret(name: str) -> str:
    if value := os.environ.get(name):
        return value
    if not LAPTOP:
        raise ImproperlyConfigured(f"{name} must be set when DATABASE_URL is set.")
    return kept(DATA_DIR / name.lower(), 50)


SECRET_KEY = _secret("SECRET_KEY")
AUDIT_KEY = _secret("AUDIT_KEY")  # signs the seals of the event log; kept apart from the database
VAULT_KEY = os.environ.get("VAULT_KEY") or (kept(DATA_DIR / "vault_key", 50) if LAPTOP else "")
SHOP_JWT_KEY = os.environ.get("SHOP_JWT_KEY", "")  # the shop signs its members' sign-in with it; empty: off
SHOP_JWT_ALGORITHM = os.environ.get("SHOP_JWT_ALGORITHM", "HS256")  # RS256: the key is the shop's public one
SHOP_JWT_AUDIENCE = os.environ.get("SHOP_JWT_AUDIENCE", "huiyin")
COUPON_RESERVED_MINUTES = int(os.environ.get("COUPON_RESERVED_MINUTES", "30"))  # then a reservation ends
if SHOP_JWT_ALGORITHM not in {"HS256", "RS256"}:
    raise ImproperlyConfigured("SHOP_JWT_ALGORITHM must be HS256 or RS256.")
if SHOP_JWT_KEY and SHOP_JWT_ALGORITHM == "HS256" and len(SHOP_JWT_KEY) < 32:  # noqa: PLR2004 - 256 bits
    raise ImproperlyConfigured("SHOP_JWT_KEY must have at least 32 characters.")
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if LAPTOP else "")
INTERNAL_HOSTS = _list("INTERNAL_HOSTS")  # inside our network, may be reached by mailboxes and webhooks
CSRF_TRUSTED_ORIGINS = _list("CSRF_TRUSTED_ORIGINS")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://localhost:8000").rstrip("/")
REFERRAL_URL = os.environ.get("REFERRAL_URL", "")  # the shop's page for friends, with {code} in it
HTTPS = _flag("HTTPS", default=not LAPTOP)

INSTALLED_APPS = [
    "config.common",
    "unfold.apps.BasicAppConfig",
    "config.apps.HuiyinAdminConfig",
    "unfold.contrib.filters",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "django_prometheus",
    "pgtrigger",
    "pghistory",
    "axes",
    "compensation",
    "feedback",
    "surveys",
    "kpis",
]

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "config.logs.RequestLogMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.common.acting.ActingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "config.common.admin_messages.RefusalMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.parse(
        DATABASE_URL or embedded.url(),
        conn_max_age=int(os.environ.get("CONN_MAX_AGE", "60")),
        conn_health_checks=True,
    )
}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)
DATABASE_POOL = int(os.environ.get("DATABASE_POOL", "0"))  # shared by threads: see config.gunicorn
if DATABASE_POOL:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    # A rush waits for a connection rather than fail: a thousand answers at once take some 20 seconds.
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 30}
LIVE_DATABASE_URL = os.environ.get("LIVE_DATABASE_URL", "")  # past a pooler that swallows signals
LIVE_WAITERS = int(os.environ.get("LIVE_WAITERS", "200"))  # pages that wait in one process; others poll
LIVE_SECONDS = int(os.environ.get("LIVE_SECONDS", "30"))  # how long one request waits
CACHES = {  # shared by all processes: rate limits count in it
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["CACHE_URL"]}
    if os.environ.get("CACHE_URL")
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CSRF_FAILURE_VIEW = "config.common.error_pages.csrf_failure"
AUTH_USER_MODEL = "common.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [  # all of ours, so that no library says what our own texts mean
    BASE_DIR / folder / "locale" for folder in ("config", "compensation", "feedback", "surveys", "kpis")
]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "media"  # private: attachments are served by views that check who asks
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
ATTACHMENTS_PER_MESSAGE = int(os.environ.get("ATTACHMENTS_PER_MESSAGE", "9"))
ATTACHMENT_MEGABYTES = {
    "picture": int(os.environ.get("PICTURE_MEGABYTES", "15")),
    "recording": int(os.environ.get("RECORDING_MEGABYTES", "20")),
    "document": int(os.environ.get("DOCUMENT_MEGABYTES", "20")),
}
LETTER_MEGABYTES = int(os.environ.get("LETTER_MEGABYTES", "30"))  # of a bigger one only the head is fetched
LETTER_TRIES = int(os.environ.get("LETTER_TRIES", "2"))  # workers that one letter may stop
LETTERS_AN_HOUR = int(os.environ.get("LETTERS_AN_HOUR", "30"))  # of one sender that open or reopen cases
LETTERS_A_CASE_A_DAY = int(os.environ.get("LETTERS_A_CASE_A_DAY", "50"))  # of one sender, into one case
AUTOMATIC_LETTERS_AN_HOUR = int(os.environ.get("AUTOMATIC_LETTERS_AN_HOUR", "10"))  # to one address
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = _flag("BEHIND_PROXY")
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "huiyin@localhost")
SMS_WEBHOOK_URL = os.environ.get("SMS_WEBHOOK_URL", "")  # the shop's gateway; empty on a laptop: the console
SMS_WEBHOOK_TOKEN = os.environ.get("SMS_WEBHOOK_TOKEN", "")
PUSH_WEBHOOK_URL = os.environ.get("PUSH_WEBHOOK_URL", "")  # messages in the shop's app; likewise
PUSH_WEBHOOK_TOKEN = os.environ.get("PUSH_WEBHOOK_TOKEN", "")
WECHAT_WEBHOOK_URL = os.environ.get("WECHAT_WEBHOOK_URL", "")
WECHAT_WEBHOOK_TOKEN = os.environ.get("WECHAT_WEBHOOK_TOKEN", "")
SHOP_API_SECRETS = _list("SHOP_API_SECRETS")  # the shop signs what it tells us with one, and we what we ask
SHOP_PARCEL_URL = os.environ.get("SHOP_PARCEL_URL", "")  # who sends reshipments and gifts; empty: by hand
REFUND_GATEWAY_URL = os.environ.get("REFUND_GATEWAY_URL", "")  # empty: finance pays refunds by hand
REFUND_GATEWAY_SECRETS = _list("REFUND_GATEWAY_SECRETS")  # the first signs, each is taken in callbacks
REFUND_GATEWAY_SECONDS = float(os.environ.get("REFUND_GATEWAY_SECONDS", "10"))
SURVEY_WEBHOOK_URL = os.environ.get("SURVEY_WEBHOOK_URL", "")  # told of answers to surveys; empty: nobody is
SURVEY_WEBHOOK_SECRETS = _list("SURVEY_WEBHOOK_SECRETS")
SURVEY_ANSWERS_AN_HOUR = int(os.environ.get("SURVEY_ANSWERS_AN_HOUR", "60"))  # by open links, of one address
for _url, _keys in (
    (SURVEY_WEBHOOK_URL, "SURVEY_WEBHOOK_SECRETS"),
    (REFUND_GATEWAY_URL, "REFUND_GATEWAY_SECRETS"),
    (SHOP_PARCEL_URL, "SHOP_API_SECRETS"),
):
    if _url and not _list(_keys):
        raise ImproperlyConfigured(f"{_keys} must be set with the address that is asked.")
OUTBOX_MAX_ATTEMPTS = int(os.environ.get("OUTBOX_MAX_ATTEMPTS", "15"))  # then it is a dead letter: 6 hours
OUTBOX_KEEP_DAYS = int(os.environ.get("OUTBOX_KEEP_DAYS", "30"))  # sent messages
BEHAVIOUR_KEEP_DAYS = int(os.environ.get("BEHAVIOUR_KEEP_DAYS", "400"))  # what visitors do in the shop
IDEMPOTENCY_KEEP_DAYS = int(os.environ.get("IDEMPOTENCY_KEEP_DAYS", "30"))

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "config.common.parsing.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_PAGINATION_CLASS": "config.common.paging.Pages",
    "DEFAULT_THROTTLE_CLASSES": ["config.common.throttling.Throttle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS tells nothing: the schema does
    "EXCEPTION_HANDLER": "config.common.problems.problem_response",
}
API_REQUESTS_A_MINUTE = {  # of one member, member of staff, or network address without sign-in
    "read": int(os.environ.get("API_READS_A_MINUTE", "600")),
    "write": int(os.environ.get("API_WRITES_A_MINUTE", "120")),
}
INBOUND_A_MINUTE = int(os.environ.get("INBOUND_A_MINUTE", "1200"))  # signed webhooks of one source
INBOUND_MEGABYTES = int(os.environ.get("INBOUND_MEGABYTES", "15"))
SPECTACULAR_SETTINGS = {
    "TITLE": "Huiyin",
    "DESCRIPTION": "Huiyin's member and staff API. How to sign in, page and retry: docs/api.md.",
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "compensation.models.OrderStatus",
        "CouponStatus": "compensation.models.CouponStatus",
        "CouponKind": "compensation.models.CouponKind",
        "CouponUseState": "compensation.models.UseState",
        "SurveyFileKind": "surveys.models.FILE_KINDS",
        "SurveyFileState": "surveys.models.FileState",
        "CaseStatus": "feedback.models.CaseStatus",
        "ReviewStatus": "feedback.models.ReviewStatus",
        "ReplyState": "feedback.models.ReplyState",
        "ReplyWay": "feedback.models.ReplyWay",
        "PostingState": "feedback.models.PostingState",
        "CaseKind": "feedback.models.CaseKind",
        "TakenDownKind": "feedback.api.staff_serializers.TAKEN_DOWN",
        "HandoffStatus": "feedback.models.HandoffStatus",
        "Channel": "feedback.models.Channel",
        "MemberChannel": "feedback.api.serializers.CHANNELS",
        "ChatState": "feedback.models.ChatState",
        "Author": "feedback.models.Author",
        "Milestone": "feedback.models.Milestone",
        "Resolution": "feedback.models.Resolution",
        "Priority": "feedback.models.Priority",
        "VoiceAspect": "feedback.models.VoiceAspect",
        "Cared": "feedback.models.choices.Cared",
        "CrisisSeverity": "feedback.models.CrisisSeverity",
        "Language": "feedback.models.Language",
        "PostState": "feedback.models.PostState",
        "NeedState": "surveys.models.NeedState",
        "InterviewState": "surveys.models.InterviewState",
        "EvidenceKind": "surveys.models.SOURCES",
        "KanoCategory": "surveys.models.KanoCategory",
        "Measure": "feedback.models.Measure",
        "ClaimChannel": "feedback.models.ClaimChannel",
        "PromiseSource": "feedback.models.gap.PromiseSource",
        "ValueState": "feedback.models.ValueState",
        "ValueVerdict": "feedback.api.claim_serializers.VERDICTS",
        "FindingKind": "feedback.models.FindingKind",
        "FindingStatus": "feedback.models.FindingStatus",
        "GapSeverity": "feedback.models.gap.Severity",
        "GapAspect": "feedback.models.Aspect",
        "GapKind": "feedback.models.GapKind",
        "GapCause": "feedback.models.GapCause",
        "OverturnedState": "feedback.models.OverturnedState",
        "OverturnedVerdict": "feedback.api.gap_serializers.VERDICTS",
        "VoiceVerdict": "feedback.api.inbound_reviews.VERDICTS",
        "BehaviourVerdict": "feedback.api.behaviour.VERDICTS",
        "ShopVerdict": "compensation.api.shop_telling.VERDICTS",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

BROKER_URL = os.environ.get("BROKER_URL", "")  # redis://… or amqp://…; empty: a folder of messages
CELERY_BROKER_URL = BROKER_URL or "filesystem://localhost"
if not BROKER_URL:
    CELERY_BROKER_TRANSPORT = "config.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = broker.options(DATA_DIR / "broker")
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), name) for name in ("celery", "clocks", "outbox")]
CELERY_TASK_ROUTES = {  # what must not wait for a long import: see docs/decisions/queues.md
    "feedback.tasks.sweep": {"queue": "clocks"},
    "feedback.tasks.route": {"queue": "clocks"},
    "feedback.hand_back": {"queue": "clocks"},
    "feedback.end_left_chats": {"queue": "clocks"},
    "common.heartbeat_clocks": {"queue": "clocks"},
    "config.common.tasks.relay": {"queue": "outbox"},
}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 9 * 60
CELERY_TASK_TIME_LIMIT = 10 * 60
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_RESULT_EXPIRES = None  # no results are kept
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

LOGGING = logs.configure(
    as_json=os.environ.get("LOG_FORMAT", "console" if LAPTOP else "json") == "json",
    level=os.environ.get("LOG_LEVEL", "INFO").upper(),
)
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")  # who asks for /metrics shows it; empty: a laptop's only

UNFOLD = {
    "SITE_TITLE": "Huiyin 回音",
    "SITE_HEADER": "Huiyin 回音",
    "SHOW_LANGUAGES": True,
    "SIDEBAR": {"navigation": "config.admin.sidebar", "show_search": True},
    "DASHBOARD_CALLBACK": "kpis.admin.dashboard.fill",
    "STYLES": [lambda _request: static("staff/staff.css")],
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("staff/icon.svg")}
    ],
    "COLORS": {
        "primary": {
            "50": "#eef3ff",
            "100": "#dbe5ff",
            "200": "#bccfff",
            "300": "#92b0fd",
            "400": "#6a8bf7",
            "500": "#4a69ec",
            "600": "#3650d8",
            "700": "#2c40b2",
            "800": "#28388e",
            "900": "#253271",
            "950": "#181f46",
        }
    },
}
