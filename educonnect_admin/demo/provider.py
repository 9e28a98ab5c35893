"""Whom the demonstration's families come back from: FranceConnect and an ENT, played by a process of its own.

Only on this machine, only in demo mode, at addresses which the console does not have.
"""

import os

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "educonnect_admin.settings")
django.setup(set_prefix=False)
if not settings.DEMO_MODE:
    raise ImproperlyConfigured("The demonstration's identity provider runs in demo mode only.")
settings.ROOT_URLCONF = "educonnect_admin.demo.provider_urls"
settings.MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]

from educonnect_admin.demo.provider_people import say_where_the_ent_is  # noqa: E402 - needs the settings

application = WSGIHandler()
say_where_the_ent_is(settings.DEMO_PROVIDER)
