"""The open sessions of agents, as they may see and end them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from establishments.models.agents import Agent


class AgentSession(models.Model):
    """One browser signed in. The row goes with its session; `session_key` follows the cookie's renewals.

    `browser` is what the browser said of itself, cut; `seen_at` is written at most once a minute.
    """

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    opened_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField("adresse", null=True, unpack_ipv4=True)
    browser = models.CharField("navigateur", max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.agent_id} {self.opened_at:%Y-%m-%d %H:%M}"
