"""The pages of one establishment, all below /etablissements/<uai>/."""

from django.urls import path

from accounts.models import AccountKind
from accounts.views import account, assistance, duplicates, home, issues, journal, lists, operations, settings

urlpatterns = [
    path("", home.establishment_home, name="establishment"),
    path("responsables/", lists.responsable_list, name="responsable_list"),
    path(
        "responsables/selection/",
        lists.account_selection,
        {"population": AccountKind.RESPONSABLE.value},
        name="account_selection",
    ),
    path("eleves/", lists.student_list, name="student_list"),
    path(
        "eleves/selection/",
        lists.account_selection,
        {"population": AccountKind.STUDENT.value},
        name="account_selection",
    ),
    path("comptes/<int:pk>/", account.account_page, name="account"),
    path("comptes/<int:pk>/mot-de-passe/", account.account_password, name="account_password"),
    path("comptes/<int:pk>/courriel-activation/", account.account_resend, name="account_resend"),
    path("comptes/<int:pk>/assistance/", assistance.account_assistance, name="account_assistance"),
    path("comptes/<int:pk>/assistance/academie/", assistance.account_escalation, name="account_escalation"),
    path("doublons/", duplicates.duplicate_list, name="duplicate_list"),
    path("doublons/<int:pk>/", duplicates.duplicate_page, name="duplicate"),
    path("doublons/<int:pk>/reunir/", duplicates.duplicate_join, name="duplicate_join"),
    path("doublons/<int:pk>/distinguer/", duplicates.duplicate_apart, name="duplicate_apart"),
    path("rapprochements/<int:pk>/defaire/", duplicates.joining_undo, name="joining_undo"),
    path("assistance/", assistance.family_search, name="assistance"),
    path("a-traiter/", issues.issue_list, name="issues"),
    path("a-traiter/exporter/", issues.issue_export_view, name="issues_export"),
    path("a-traiter/<int:pk>/verifier/", issues.relation_check, name="relation_check"),
    path("journal/", journal.establishment_journal, name="journal"),
    path("journal/export/", journal.journal_export, name="journal_export"),
    path("reglages/", settings.establishment_settings, name="establishment_settings"),
    path("operations/", operations.operation_list, name="operation_list"),
    path("operations/nouvelle/", operations.operation_create, name="operation_create"),
    path("operations/<int:pk>/", operations.operation_page, name="operation"),
    path("operations/<int:pk>/confirmer/", operations.operation_confirm, name="operation_confirm"),
    path("operations/<int:pk>/lancer/", operations.operation_start, name="operation_start"),
    path("operations/<int:pk>/abandonner/", operations.operation_cancel, name="operation_cancel"),
    path("operations/<int:pk>/reprendre/", operations.operation_retry, name="operation_retry"),
    path("operations/<int:pk>/reediter/", operations.operation_reprint, name="operation_reprint"),
    path("operations/<int:pk>/document/", operations.operation_document, name="operation_document"),
]
