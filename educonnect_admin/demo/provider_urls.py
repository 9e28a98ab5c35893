"""The addresses of the demonstration's identity provider, in its own process."""

from django.urls import path, register_converter

from educonnect_admin.demo import provider_views as views
from educonnect_admin.demo.provider_people import Side


class SideConverter:
    regex = "|".join(Side)

    def to_python(self, value: str) -> Side:
        return Side(value)

    def to_url(self, value: Side) -> str:
        return value.value


register_converter(SideConverter, "side")

urlpatterns = [
    path("<side:side>/.well-known/openid-configuration", views.discovery, name="provider_discovery"),
    path("<side:side>/cles", views.keys, name="provider_keys"),
    path("<side:side>/qui", views.authorize, name="provider_authorize"),
    path("<side:side>/jeton", views.token, name="provider_token"),
    path("<side:side>/identite", views.userinfo, name="provider_userinfo"),
    path("<side:side>/fin", views.end, name="provider_end"),
]
