"""How agents sign in: local accounts only, invited, never self-registered."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ConsoleAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Agents come from extracts, claims or delegations; nobody signs up."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """As the template says it, without the site's name before it."""
        return subject
