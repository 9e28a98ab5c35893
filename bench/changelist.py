"""The rows of a list through Django admin's changelist: what the console's own list is compared with."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path

from accounts.models import Holding
from establishments.models import Establishment

SHOWN = ("account", "student__school_class", "student__mef", "responsable")
# What the admin needs beside the settings of the project.
INSTALLED = ["django.contrib.admin"]


class OpenSite(admin.AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return True


class HoldingAdmin(admin.ModelAdmin):
    """The columns of the list of responsables, fifty rows a page, every row of one school."""

    list_display = (
        "student",
        "school_class",
        "mef",
        "responsable",
        "identifier",
        "mail",
        "state",
        "origin",
        "distributed_at",
        "last_sign_in_at",
    )
    list_select_related = SHOWN
    list_per_page = 50
    ordering = ("surname_key", "given_name_key", "student_id", "pk")
    school: Establishment

    def get_queryset(self, request: HttpRequest) -> QuerySet[Holding]:
        return super().get_queryset(request).filter(establishment=self.school, kind="RESPONSABLE")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = has_module_permission = (
        lambda self, request, obj=None: False
    )

    def school_class(self, row: Holding) -> str:
        return str(row.student.school_class or "–")

    def mef(self, row: Holding) -> str:
        return str(row.student.mef or "–")

    def identifier(self, row: Holding) -> str:
        return row.account.identifier

    def mail(self, row: Holding) -> str:
        return "Oui" if row.account.mail or (row.responsable and row.responsable.mail) else "Non"

    def state(self, row: Holding) -> str:
        return str(row.account.get_state_display())

    def origin(self, row: Holding) -> str:
        return str(row.account.get_origin_display())

    def distributed_at(self, row: Holding) -> object:
        return row.account.distributed_at

    def last_sign_in_at(self, row: Holding) -> object:
        return row.account.last_sign_in_at


site = OpenSite(name="admin")
site.register(Holding, HoldingAdmin)
urlpatterns = [path("admin/", site.urls)]
