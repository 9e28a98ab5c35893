"""Lists and their selection in a real browser: paging, sorting, searching, two tabs, no JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Account, Operation
from accounts.transitions import State
from establishments.models import Student
from establishments.names import name_key
from tests.e2e.director import sign_in
from tests.factories import (
    SchoolClassFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db(transaction=True)

TICKS = "#results input[name=account]"


@pytest.fixture
def families(school):
    """Thirty responsables of one pupil, ALPHA00 to ALPHA29, and one of two pupils, ZETA."""
    for number in range(30):
        named(responsable_account(school, identifier=f"a.alpha{number:02d}"), f"ALPHA{'ABC'[number // 10]}")
    named(responsable_account(school, children=2, identifier="z.zeta", state=State.ACTIVE), "ZETA")


def named(account, surname):
    Student.objects.filter(holdings__account=account).update(surname=surname, surname_key=name_key(surname))


def open_list(page, school, query="", name="responsables"):
    sign_in(page)
    return go(page, school, query, name)


def go(page, school, query="", name="responsables"):
    page.goto(f"/etablissements/{school.uai}/{name}/?{query}")
    return page


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def count(page):
    return page.locator("[data-selection-count]")


def notify(page, form=None):
    """The menu of a form which names accounts, by default the bar of the selection."""
    form = form or page.locator("#selection")
    form.locator("summary", has_text="Notifier les comptes").click()
    form.get_by_role("button", name="Feuilles individuelles").click()


def confirm(page):
    """Until the page of the operation has told the selection: its scripts run before it is loaded."""
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^Notifier et éditer")).click()


def test_a_selection_survives_paging_sorting_searching_and_reloading(page, school, families):
    open_list(page, school, "lignes=25")

    page.locator(TICKS).nth(0).check()
    page.locator(TICKS).nth(1).check()
    expect(count(page)).to_have_text("2 comptes sélectionnés")
    page.get_by_role("link", name="Page suivante").click()
    expect(page).to_have_url(re.compile("page=2"))
    page.locator(TICKS).first.check()
    expect(count(page)).to_have_text("3 comptes sélectionnés")
    page.get_by_role("link", name="Identifiant").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Identifiant")
    expect(count(page)).to_have_text("3 comptes sélectionnés")
    page.get_by_label("Nom ou prénom").fill("zeta")
    expect(page).to_have_url(re.compile("q=zeta"))
    expect(page.locator(TICKS)).to_have_count(2)
    expect(count(page)).to_have_text("3 comptes sélectionnés")
    page.reload()
    expect(count(page)).to_have_text("3 comptes sélectionnés")

    page.get_by_role("link", name="Effacer les filtres").click()
    expect(page.locator(f"{TICKS}:checked")).to_have_count(3)
    page.get_by_role("button", name="Tout désélectionner").click()
    expect(count(page)).to_have_text("Aucun compte sélectionné")
    expect(page.locator(f"{TICKS}:checked")).to_have_count(0)


def test_what_is_ticked_before_the_scripts_come_is_selected(page, school, families):
    held = []

    def hold(route):
        held.append(route)

    page.route("**/selection*.js", hold)
    sign_in(page)
    page.goto(f"/etablissements/{school.uai}/responsables/?q=zeta", wait_until="commit")
    page.get_by_role("checkbox", name=re.compile("z.zeta")).first.check()

    held.pop().continue_()
    page.unroute("**/selection*.js")

    expect(count(page)).to_have_text("1 compte sélectionné")
    expect(page.locator(f"{TICKS}:checked")).to_have_count(2)
    notify(page)
    page.wait_for_url("**/operations/*/")
    assert Operation.objects.get().items.get().account.identifier == "z.zeta"


def test_ticking_a_row_ticks_its_account_in_its_other_rows(page, school, families):
    open_list(page, school, "q=zeta")

    page.locator(TICKS).first.check()

    expect(page.locator(f"{TICKS}:checked")).to_have_count(2)
    expect(count(page)).to_have_text("1 compte sélectionné")
    page.locator(TICKS).last.uncheck()
    expect(page.locator(f"{TICKS}:checked")).to_have_count(0)


def test_the_box_of_the_heading_says_none_some_or_all_of_the_page(page, school, families):
    open_list(page, school, "lignes=25")
    whole_page = page.get_by_role("checkbox", name="Sélectionner tous les comptes de la page")

    page.locator(TICKS).first.check()
    assert whole_page.evaluate("box => box.indeterminate")
    whole_page.check()
    expect(count(page)).to_have_text("25 comptes sélectionnés")
    whole_page.uncheck()
    expect(count(page)).to_have_text("Aucun compte sélectionné")


def test_the_whole_search_is_selected_beyond_the_page(page, school, families):
    open_list(page, school, "lignes=25&q=alpha")

    page.get_by_role("button", name="Sélectionner les 30 comptes de la recherche").click()
    expect(count(page)).to_have_text("30 comptes sélectionnés")
    go(page, school)
    expect(page.locator(f"{TICKS}:checked")).to_have_count(30)
    page.get_by_role("button", name="Sélectionner les 31 comptes de la recherche").click()
    expect(count(page)).to_have_text("31 comptes sélectionnés")


def test_two_tabs_have_two_selections(new_page, school, families):
    first = open_list(new_page(), school)
    second = first.context.new_page()
    go(second, school)

    first.locator(TICKS).nth(0).check()
    second.locator(TICKS).nth(1).check()
    second.locator(TICKS).nth(2).check()
    first.reload()
    second.reload()

    expect(count(first)).to_have_text("1 compte sélectionné")
    expect(count(second)).to_have_text("2 comptes sélectionnés")


def test_the_two_lists_have_two_selections(page, school, families):
    student_account(school)
    open_list(page, school)
    page.locator(TICKS).nth(0).check()

    go(page, school, name="eleves")

    expect(count(page)).to_have_text("Aucun compte sélectionné")


def test_a_selection_is_kept_until_its_operation_is_confirmed(page, school, families):
    open_list(page, school, "q=alpha&lignes=25")
    page.locator(TICKS).nth(0).check()
    page.get_by_role("link", name="Page suivante").click()
    expect(page).to_have_url(re.compile("page=2"))
    page.locator(TICKS).nth(0).check()

    notify(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 comptes")
    page.go_back()
    expect(count(page)).to_have_text("2 comptes sélectionnés")
    page.go_forward()
    confirm(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Notification")
    go(page, school)

    expect(count(page)).to_have_text("Aucun compte sélectionné")
    assert Operation.objects.get().items.count() == 2


def test_what_was_selected_since_stays_when_an_operation_is_confirmed(page, school, families):
    open_list(page, school)
    page.locator(TICKS).nth(0).check()
    with page.expect_navigation():
        notify(page)
    draft = page.url
    go(page, school)
    page.locator(TICKS).nth(1).check()

    page.goto(draft)
    confirm(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Notification")
    go(page, school)

    expect(count(page)).to_have_text("1 compte sélectionné")


def test_notifying_one_account_from_its_page_leaves_the_selection_alone(page, school, families):
    open_list(page, school)
    page.locator(TICKS).nth(0).check()
    page.locator("#results tbody tr a").nth(1).click()
    page.get_by_role("button", name="(Re)Notifier le compte").click()
    confirm(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Notification")
    go(page, school)

    expect(count(page)).to_have_text("1 compte sélectionné")


def test_an_address_selects_what_it_finds_once(page, school, families):
    open_list(page, school, "q=zeta#selectionner")

    expect(count(page)).to_have_text("1 compte sélectionné")
    page.get_by_role("button", name="Tout désélectionner").click()
    page.reload()

    expect(count(page)).to_have_text("Aucun compte sélectionné")


def test_an_empty_selection_is_said_and_not_sent(page, school, families):
    open_list(page, school)

    notify(page)

    expect(count(page)).to_have_text("Cochez au moins un compte.")
    assert not Operation.objects.exists()


def test_searching_refreshes_the_rows_announces_the_totals_and_goes_back(page, school, families):
    open_list(page, school)
    page.evaluate("window.same_page = true")

    page.get_by_label("Nom ou prénom").fill("zét")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=z%C3%A9t$"))
    expect(page.locator("#announcements")).to_have_text("1 compte, 2 lignes")
    assert page.evaluate("window.same_page")
    expect(page.get_by_label("Nom ou prénom")).to_be_focused()
    page.go_back()

    expect(page.locator("#results tbody tr")).to_have_count(32)
    expect(page.get_by_label("Nom ou prénom")).to_have_value("")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_a_menu_of_classes_works_with_the_keyboard(page, school, families):
    school_class = SchoolClassFactory.create(establishment=school, label="4EME Z", key="4Z")
    zeta = Account.objects.get(identifier="z.zeta")
    Student.objects.filter(holdings__account=zeta).update(school_class=school_class)
    open_list(page, school)
    menu = page.locator("details", has_text="Classe(s)")

    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="4EME Z").focus()
    page.keyboard.press("Space")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    expect(menu.locator("[data-menu-count]")).to_have_text("1")
    page.keyboard.press("Escape")

    expect(menu.locator("summary")).to_be_focused()
    expect(page.get_by_role("checkbox", name="4EME Z")).to_be_hidden()


def test_a_menu_stays_open_while_its_labels_are_clicked(page, school, families):
    open_list(page, school)
    page.locator(TICKS).nth(0).check()
    menu = page.locator("#selection details", has_text="Notifier les comptes")

    menu.locator("summary").click()
    menu.get_by_text("Avec réinitialisation du mot de passe").click()

    expect(menu.get_by_role("checkbox")).to_be_checked()
    page.get_by_role("heading", level=1).click()
    expect(menu.get_by_role("checkbox")).to_be_hidden()


def test_a_sort_keeps_the_focus_and_a_search_keeps_the_sort(page, school, families):
    open_list(page, school)

    page.get_by_role("link", name="Statut du compte").click()
    expect(page).to_have_url(re.compile("tri=statut"))
    expect(page.get_by_role("link", name="Statut du compte")).to_be_focused()
    page.get_by_label("Nom ou prénom").fill("alpha")
    expect(page).to_have_url(re.compile("q=alpha&tri=statut"))


@pytest.mark.parametrize("width", [1280, 390])
def test_lists_and_accounts_are_accessible_on_every_width(
    new_page, school, families, assert_accessible, width
):
    long_name = "DE LA TOUR D’AUVERGNE-LAURAGUAIS SAINT-PAULIEN"
    account = responsable_account(
        school, children=3, state=State.NOTIFIED, identifier="m.delatourdauvergnelauraguaissaintpaulien"
    )
    named(account, long_name)
    student_account(school, state=State.ACTIVATING)
    page = open_list(new_page(viewport={"width": width, "height": 844}), school)

    page.locator(TICKS).nth(0).check()
    assert_accessible(page)
    page.locator("summary").first.click()
    assert_accessible(page)
    for address in (
        "responsables/?q=tour",
        "responsables/?q=personne",
        "responsables/?etat=BIDON",
        "eleves/",
        f"comptes/{account.pk}/",
    ):
        page.goto(f"/etablissements/{school.uai}/{address}")
        assert_accessible(page)
        assert overflow(page) == 0


@pytest.mark.parametrize("width", [800, 1024])
def test_a_list_is_not_wider_than_a_tablet(new_page, school, families, width):
    page = open_list(new_page(viewport={"width": width, "height": 844}), school)

    assert overflow(page) == 0


def test_the_identifier_is_copied(new_page, school, families):
    page = open_list(new_page(permissions=["clipboard-read", "clipboard-write"]), school, "q=zeta")
    page.locator("#results tbody tr a").first.click()

    page.get_by_role("button", name="Copier l’identifiant").click()

    expect(page.get_by_role("button", name="Identifiant copié")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "z.zeta"


# Without JavaScript.


def test_without_javascript_the_boxes_of_the_page_are_notified(new_page, school, families):
    page = open_list(new_page(java_script_enabled=False), school, "q=zeta")

    page.locator(TICKS).first.check()
    notify(page)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Notifier 1 compte")


def test_without_javascript_the_whole_search_is_notified(new_page, school, families):
    page = open_list(new_page(java_script_enabled=False), school, "q=alpha&lignes=25")

    notify(page, page.locator("form", has_text="Les 30 comptes de la recherche"))

    expect(page.get_by_role("heading", level=1)).to_contain_text("Notifier 30 comptes")


def test_without_javascript_searching_sorting_and_paging_are_plain_pages(new_page, school, families):
    page = open_list(new_page(java_script_enabled=False), school)

    page.get_by_label("Nom ou prénom").fill("alpha")
    page.get_by_role("button", name="Rechercher").click()
    expect(page.locator("#results tbody tr")).to_have_count(30)
    page.get_by_role("link", name="25", exact=True).click()
    page.get_by_role("link", name="Identifiant").click()
    page.get_by_role("link", name="Page suivante").click()

    expect(page.locator("#results tbody tr")).to_have_count(5)
    expect(page.locator("#results tbody tr").last).to_contain_text("a.alpha29")
    page.get_by_role("link", name="Effacer les filtres").click()
    expect(page.locator("#results tbody tr")).to_have_count(32)
