"""Test what the resources of a package open as: by kind, by cloud, and where the tenant says what no link should."""

import itertools
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.packages.local_links import openings_of
from bot.packages.opening import (
    LONGEST_ADDRESS,
    LinkFacts,
    Opening,
    OpeningKind,
    Openings,
    is_web_address,
)
from bot.packages.settings.read import parse_package_settings
from graph.clouds import CLOUDS, GLOBAL, Cloud
from graph.models import AccessPackage
from tests.bot.samples import offered, package

TENANT = "71f4b8f0-0000-4000-8000-000000000001"
GROUP = "b0000000-0000-4000-8000-000000000001"
PRINCIPAL = "e0000000-0000-4000-8000-000000000001"
APP = "aaaaaaaa-0000-4000-8000-000000000001"
SITE = "https://contoso.sharepoint.com/sites/Finance"
TEAM = f"https://teams.microsoft.com/l/team/19%3Aabc%40thread.tacv2/conversations?groupId={GROUP}&tenantId={TENANT}"
US_L4, US_L5, CHINA = CLOUDS[1:]


def given_by(
    system: str, origin_id: str, name: str = "Finance", role: str = "Member"
) -> dict[str, Any]:
    """Return one role of a resource, as Graph has it in a package."""
    resource = {"id": "r", "displayName": name, "originId": origin_id, "originSystem": system}
    return {
        "id": f"{role}_{origin_id}",
        "role": {
            "displayName": role,
            "originId": f"{role.replace(' ', '')}_{origin_id}",
            "originSystem": system,
            "resource": resource,
        },
        "scope": {"displayName": "Root", "originId": origin_id, "isRootScope": True},
    }


def site(address: str = SITE, name: str = "Finance") -> dict[str, Any]:
    return given_by("SharePointOnline", address, name, "Finance Visitors")


def app(name: str = "Contoso Ledger") -> dict[str, Any]:
    return given_by("AadApplication", PRINCIPAL, name, "Reader")


def team(name: str = "Marketing", role: str = "Member") -> dict[str, Any]:
    return given_by("AadGroup", GROUP, name, role)


def entra_role(role: str = "Eligible") -> dict[str, Any]:
    return given_by("DirectoryRole", "f2ef992c-0000-4000-8000-000000000001", "Helpdesk", role)


KNOWN = LinkFacts(app_ids={PRINCIPAL: APP}, team_urls={GROUP: TEAM})


def opened(
    *gives: dict[str, Any],
    facts: LinkFacts = KNOWN,
    cloud: Cloud = GLOBAL,
    tenant_id: str | None = TENANT,
) -> tuple[Opening, ...]:
    return Openings(cloud, tenant_id=tenant_id).of(package(*gives), facts)


def urls(*gives: dict[str, Any], **how: Any) -> list[str]:
    return [each.url for each in opened(*gives, **how)]


LEDGER = f"https://myapps.microsoft.com/signin/Contoso%20Ledger/{APP}?tenantId={TENANT}"


def test_each_kind_opens_under_its_documented_link():
    """A site, an application, a team and an Entra role, by name."""
    found = opened(site(), app(), team(), entra_role())

    assert [(each.kind, each.name, each.url) for each in found] == [
        (OpeningKind.APP, "Contoso Ledger", LEDGER),
        (OpeningKind.SITE, "Finance", SITE),
        (OpeningKind.ENTRA_ROLE, "Helpdesk", "https://entra.microsoft.com"),
        (OpeningKind.TEAM, "Marketing", TEAM),
    ]
    assert [each.origin_id for each in found][:2] == [PRINCIPAL, SITE]


@pytest.mark.parametrize(
    ("cloud", "address", "opens"),
    [
        (GLOBAL, SITE, True),
        (US_L4, "https://contoso.sharepoint.us/sites/Finance", True),
        (US_L5, "https://contoso.sharepoint-mil.us/sites/Finance", True),
        (CHINA, "https://contoso.sharepoint.cn/sites/Finance", True),
        (US_L4, SITE, False),
        (US_L5, "https://contoso.sharepoint.us/sites/Finance", False),
        (GLOBAL, "https://contoso.sharepoint.cn/sites/Finance", False),
    ],
)
def test_each_cloud_has_its_own_sites(cloud, address, opens):
    """And no other's."""
    assert urls(site(address), cloud=cloud) == ([address] if opens else [])


@pytest.mark.parametrize("cloud", [US_L4, US_L5, CHINA])
def test_where_a_portal_is_not_known_there_is_no_link_to_it(cloud):
    """Nobody is sent to the global cloud's; and what is not shown is not asked for."""
    assert urls(app(), cloud=cloud) == []
    assert urls(team(), cloud=cloud) == []
    expected = ["https://entra.microsoft.us"] if cloud is US_L4 else []
    assert urls(entra_role(), cloud=cloud) == expected
    assert Openings(cloud, tenant_id=TENANT).applications([package(app())]) == set()


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        (GLOBAL, "teams.microsoft.com"),
        (GLOBAL, "teams.cloud.microsoft"),
        (US_L4, "gov.teams.microsoft.us"),
        (US_L5, "dod.teams.microsoft.us"),
        (CHINA, "teams.microsoftonline.cn"),
    ],
)
def test_a_team_opens_in_the_cloud_that_it_is_in(cloud, host):
    """The rest of its address is opaque."""
    address = f"https://{host}/l/team/x?groupId={GROUP}"
    facts = LinkFacts(team_urls={GROUP: address})

    assert urls(team(), facts=facts, cloud=cloud) == [address]
    elsewhere = next(each for each in (GLOBAL, CHINA) if host not in each.teams_hosts)
    assert urls(team(), facts=facts, cloud=elsewhere) == []


@pytest.mark.parametrize(
    "facts",
    [
        LinkFacts(),
        LinkFacts(app_ids={PRINCIPAL: None}, team_urls={GROUP: None}),
        LinkFacts(app_ids={PRINCIPAL: "not-a-guid"}, team_urls={GROUP: "teams.microsoft.com"}),
        LinkFacts(app_ids={PRINCIPAL: f"{APP}/../.."}, team_urls={GROUP: "javascript:alert(1)"}),
        LinkFacts(team_urls={GROUP: "https://teams.microsoft.com.evil.example/l/team/x"}),
        LinkFacts(team_urls={GROUP: "https://teams.microsoft.com@evil.example/l/team/x"}),
    ],
)
def test_what_is_not_known_of_it_is_no_link(facts):
    """Neither a guess nor half of one."""
    assert urls(app(), team(), facts=facts) == []


def test_what_cannot_be_read_now_opens_as_it_did():
    """Under the name that it has now; what is known now goes before it."""
    before = {each.origin_id: each for each in opened(app("Old name"), team())}

    later = opened(app("New name"), team(), facts=LinkFacts(before=before))
    gone = opened(app(), team(), facts=LinkFacts(app_ids={PRINCIPAL: None}, before=before))

    assert [each.name for each in later] == ["Marketing", "New name"]
    assert [each.url for each in gone] == [TEAM]


@pytest.mark.parametrize("tenant_id", [None, "", "contoso.onmicrosoft.com", "x" * 36])
def test_without_the_tenants_guid_no_application_opens(tenant_id):
    """Its documented link takes it; all else opens as ever."""
    assert urls(site(), app(), team(), tenant_id=tenant_id) == [SITE, TEAM]
    assert Openings(GLOBAL, tenant_id=tenant_id).applications([package(app())]) == set()


@pytest.mark.parametrize("role", ["Eligible Member", "Eligible Owner", "eligible member"])
def test_what_is_only_eligible_opens_nothing_but_where_it_is_activated(role):
    """A member who has not activated the membership is none; an Entra role is activated in the admin center."""
    assert urls(team(role=role)) == []
    assert Openings(GLOBAL, tenant_id=TENANT).groups([package(team(role=role))]) == set()
    assert urls(entra_role("Active")) == urls(entra_role("Eligible")) != []


@pytest.mark.parametrize("role", ["Eligible Reviewer", "Eligible", "eligible_2"])
def test_an_applications_own_role_is_called_anything(role):
    """Its owner names it, and eligibility is of groups and Entra roles only."""
    named = given_by("AadApplication", PRINCIPAL, "Contoso Ledger", role)
    assert urls(named) == [LEDGER]
    assert Openings(GLOBAL, tenant_id=TENANT).applications([package(named)]) == {PRINCIPAL}


def directory_role(number: int, name: str, role: str = "Active") -> dict[str, Any]:
    return given_by("DirectoryRole", f"f2ef992c-0000-4000-8000-{number:012}", name, role)


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))))
def test_each_entra_role_is_named_in_whatever_order_they_come(order):
    """All of them open in the admin center, which whoever reads only one name would not look for the others in."""
    gives = [
        directory_role(1, "User Administrator"),
        directory_role(2, "Exchange Administrator"),
        directory_role(2, "Exchange Administrator", "Eligible"),
        directory_role(3, "Helpdesk Administrator"),
        site(),
    ]
    assert [each.name for each in opened(*(gives[place] for place in order))] == [
        "Exchange Administrator",
        "Finance",
        "Helpdesk Administrator",
        "User Administrator",
    ]


@given(
    gives=st.lists(
        st.builds(
            directory_role,
            st.integers(1, 3),
            st.sampled_from(["Reader", "reader", "Writer", " ", "Reader "]),
            st.sampled_from(["Active", "Eligible"]),
        ),
        max_size=6,
    ),
    data=st.data(),
)
def test_the_order_of_graph_changes_nothing(gives, data):
    """Otherwise the package would be another one after each sync, and every Home be drawn anew."""
    assert opened(*gives) == opened(*data.draw(st.permutations(gives)))


HOSTILE = [
    "",
    "x",
    "javascript:alert(1)",
    "JavaScript://contoso.sharepoint.com/%0aalert(1)",
    "data:text/html,hello",
    "http://contoso.sharepoint.com/sites/Finance",
    "ftp://contoso.sharepoint.com/sites/Finance",
    "//contoso.sharepoint.com/sites/Finance",
    "https:contoso.sharepoint.com",
    "https:/contoso.sharepoint.com",
    "https:///contoso.sharepoint.com",
    "https:\\\\contoso.sharepoint.com\\sites",
    "https://contoso.sharepoint.com\\@evil.example",
    "https://user@evil.example",
    "https://contoso.sharepoint.com@evil.example/sites/Finance",
    "https://ann:secret@contoso.sharepoint.com/sites/Finance",  # pragma: allowlist secret
    "https://evil.example/https://contoso.sharepoint.com/",
    "https://evil.example#.sharepoint.com",
    "https://evil.example?.sharepoint.com",
    "https://evil.example/.sharepoint.com",
    "https://contoso.sharepoint.com.evil.example/sites/Finance",
    "https://contososharepoint.com/sites/Finance",
    "https://sharepoint.com/sites/Finance",
    "https://.sharepoint.com/sites/Finance",
    "https://a.b.sharepoint.com/sites/Finance",
    "https://contoso.sharepoint.com./sites/Finance",
    "https://contoso.sharepoint.com:444/sites/Finance",
    "https://contoso.sharepoint.com:99999/sites/Finance",
    "https://contoso.sharepoint.com:x/sites/Finance",
    "https://contoso%2esharepoint.com/sites/Finance",
    "https://contoso.sharepoint.com%2f.evil.example/",
    "https://contoso.sharepoint.com/sites/Finance|Finance",
    "https://contoso.sharepoint.com/sites/<!channel>",
    "https://contoso.sharepoint.com/sites/Finance>",
    'https://contoso.sharepoint.com/sites/"Finance"',
    "https://contoso.sharepoint.com/sites/`Finance`",
    "https://contoso.sharepoint.com/sites/Fin ance",
    " https://contoso.sharepoint.com/sites/Finance",
    "https://contoso.sharepoint.com/sites/Finance\n",
    "https://contoso.sharepoint.com/sites/Fin\tance",
    "https://contoso.share\npoint.com/sites/Finance",
    "https://contoso.sharepoint.com/sites/\u202eecnaniF",
    "https://contoso.sharepoint.com/sites/Fin\u200bance",
    "https://contoso.sharepoint.com/sites/\x00",
    "https://\u0441\u043entoso.sharepoint.com/sites/Finance",
    "https://contoso.sharepoint.com/sites/Fin\u0430nce",
    "https://contoso.sharep\u043eint.com/sites/Finance",
    "https://contoso。sharepoint。com/sites/Finance",
    "https://contoso.sharepoint.com/_layouts/15/sign.aspx?Source=https://evil.example",
    "https://contoso.sharepoint.com/sites/Finance#https://evil.example",
    "https://[::1]/sites/Finance",
    "https://127.0.0.1/sites/Finance",
    "https://2130706433/sites/Finance",
    f"https://contoso.sharepoint.com/{'a' * 5_000}",
    f"https://{'a' * 300}.sharepoint.com/",
    f"https://{'a.' * 200}sharepoint.com/",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_what_looks_like_a_site_and_is_none_is_no_link(address):
    """It comes from the tenant, where anybody may have written it."""
    assert urls(site(address), app()) == [LEDGER]


@pytest.mark.parametrize(
    "address",
    [
        SITE,
        "https://contoso.sharepoint.com",
        "https://contoso.sharepoint.com/",
        "https://contoso-my.sharepoint.com/personal/ann_contoso_example",
        "https://CONTOSO.SharePoint.com/sites/Finance",
        "https://contosoeur.sharepoint.com/teams/R%26D",
        "https://contoso.sharepoint.com/sites/Plan_(2027)-a.b~c",
    ],
)
def test_a_site_opens_at_its_own_address(address):
    """As Graph has it, letter by letter: paths are case-sensitive."""
    assert urls(site(address)) == [address]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Contoso Ledger", "Contoso%20Ledger"),
        ("R&D / <Ledger> | 1?x=#y", "R%20D%20Ledger%201%20x%20y"),
        ("../../evil", "evil"),
        ("Buchführung", "Buchf%C3%BChrung"),
        ("x" * 250, "x" * 60),
        ("\u202eregdeL", "regdeL"),
    ],
)
def test_an_applications_name_does_nothing_to_its_link(name, shown):
    """Only the ids count in it."""
    assert urls(app(name)) == [
        f"https://myapps.microsoft.com/signin/{shown}/{APP}?tenantId={TENANT}"
    ]


@pytest.mark.parametrize("name", ["", " ", "🦄", "...", "<>", "\u200b"])
def test_an_application_that_cannot_be_named_has_no_link(name):
    """The documented one has a name."""
    assert urls(app(name)) == []


def test_what_bears_one_name_has_an_order_all_the_same():
    """So that buttons do not change places between two syncs."""
    addresses = [f"{SITE}/{letter}" for letter in "abc"]
    for order in (addresses, addresses[::-1]):
        assert urls(*map(site, order)) == addresses


def test_the_kinds_are_stored_under_these_words():
    """Of packages that were read before an update."""
    assert [str(each) for each in OpeningKind] == ["site", "app", "team", "entra role", "own"]


def test_where_nothing_is_known_of_teams_none_is_asked_for():
    """Nor is anything else, in a cloud without a portal."""
    bare = Cloud("bare", "https://graph.example", "https://login.example")
    openings = Openings(bare, tenant_id=TENANT)
    gives = [package(site(), app(), team(), entra_role())]

    assert openings.groups(gives) == openings.applications(gives) == set()
    assert openings.of(gives[0], KNOWN) == ()


def test_nothing_is_offered_twice():
    """Two roles of one resource lead to the same place."""
    other = site(name="Finance") | {"id": "another"}
    assert urls(site(), other, entra_role("Active"), entra_role()) == [
        SITE,
        "https://entra.microsoft.com",
    ]


def test_a_package_without_words_opens_nothing():
    """Whatever Graph leaves out."""
    bare: list[dict[str, Any]] = [
        {"id": "1"},
        {"id": "2", "role": {"displayName": "Member"}},
        {"id": "3", "role": {"originSystem": "SharePointOnline"}, "scope": {"isRootScope": True}},
        {
            "id": "4",
            "role": {"originSystem": "SharePointOnline"},
            "scope": {"originId": f"{SITE}/part", "isRootScope": False, "displayName": "Part"},
        },
        given_by("AzureResources", "/subscriptions/1", "Subscription"),
        given_by("", SITE, "?"),
    ]
    assert opened(*bare) == ()


def test_a_site_whose_catalog_says_nothing_opens_by_its_scope():
    """The role is of the whole of it."""
    bare = {
        "id": "1",
        "role": {"displayName": "Visitor", "originSystem": "sharepointonline"},
        "scope": {"originId": SITE, "displayName": "Finance", "isRootScope": True},
    }
    assert urls(bare) == [SITE]


PIECES = st.sampled_from(
    [
        *("https://", "http://", "javascript:", "contoso", ".sharepoint.com", "evil.example"),
        *("@", ":", "/", "\\", "#", "?", "%2f", "..", "|", "<", ">", "[", "]", "443", "sites"),
        *(" ", "\n", "\u202e"),
    ]
)
ANYTHING = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)


@given(ANYTHING | st.text())
def test_a_link_is_always_plain(address):
    """Whatever it was made of: https, a named host, nobody before it, no markup, and no longer than Slack takes."""
    if is_web_address(address):
        parts = urlsplit(address)
        assert parts.scheme == "https"
        assert re.fullmatch(r"[a-z0-9.-]*[a-z][a-z0-9-]*", parts.hostname or "")
        assert "@" not in parts.netloc
        assert address.isascii()
        assert address.isprintable()
        assert not set(address) & set(' <>|"\\`{}^')
        assert len(address) <= LONGEST_ADDRESS


@given(ANYTHING | st.text())
def test_a_site_is_always_of_the_clouds_own_host(address):
    """And has nothing behind its path."""
    for url in urls(site(address)):
        parts = urlsplit(url)
        assert is_web_address(url)
        assert re.fullmatch(r"[a-z0-9-]+\.sharepoint\.com", parts.hostname or "")
        assert (parts.query, parts.fragment) == ("", "")


@given(st.text())
def test_an_application_always_opens_in_the_tenant_that_it_is_of(name):
    """Its name can add neither a path nor a query."""
    for url in urls(app(name)):
        parts = urlsplit(url)
        assert is_web_address(url)
        assert parts.netloc == "myapps.microsoft.com"
        assert unquote(parts.path).count("/") == 3
        assert parts.path.endswith(f"/{APP}")
        assert parse_qs(parts.query) == {"tenantId": [TENANT]}


def synced(*gives: dict[str, Any]) -> Any:
    return offered(name="Finance Reports", catalog="Finance", opens=opened(*gives))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("{}", [SITE]),
        ("defaults: {open: none}", []),
        ("defaults: {open: None}", []),
        ("catalogs: {Finance: {open: none}}", []),
        ("catalogs: {Sales: {open: none}}", [SITE]),
        (
            "packages: {Finance Reports: {open: 'https://reports.contoso.example/'}}",
            ["https://reports.contoso.example/"],
        ),
        ("{defaults: {open: none}, packages: {Finance Reports: {open: resources}}}", [SITE]),
        (
            "{defaults: {open: none}, catalogs: {Finance: {open: 'https://finance.contoso.example:8443/a?b=c#d'}}}",
            ["https://finance.contoso.example:8443/a?b=c#d"],
        ),
    ],
)
def test_the_package_settings_go_before_what_the_resources_open_as(said, found):
    """Off, or an address of one's own; the nearest holds."""
    settings = parse_package_settings(said, name="latchkey.yml")

    opens = openings_of(synced(site()), settings)

    assert [each.url for each in opens] == found
    assert {each.kind for each in opens} <= {OpeningKind.OWN, OpeningKind.SITE}


def test_a_package_from_graph_can_be_any():
    """What is read of it does not depend on what else it has."""
    assert isinstance(package(site()), AccessPackage)
    assert Openings(GLOBAL, tenant_id=TENANT).applications([package(app(), site())]) == {PRINCIPAL}
    assert Openings(GLOBAL, tenant_id=TENANT).groups([package(team(), site())]) == {GROUP}


@pytest.mark.parametrize(("length", "fits"), [(1_000, True), (1_001, False)])
def test_an_address_has_at_most_a_thousand_characters(length, fits):
    """Slack takes three times as many; nobody's address comes near."""
    address = "https://contoso.sharepoint.com/"
    address += "a" * (length - len(address))

    assert is_web_address(address) is fits
    assert urls(site(address)) == ([address] if fits else [])


@pytest.mark.parametrize(("length", "fits"), [(253, True), (254, False)])
def test_a_host_is_as_long_as_a_host_can_be(length, fits):
    """With its labels; and each label as long as a label can be."""
    host = f"{'a.' * 100}{'b' * (length - 200)}"
    assert is_web_address(f"https://{host}/") is fits
    assert is_web_address(f"https://{'c' * 63}.example/")
    assert not is_web_address(f"https://{'c' * 64}.example/")
    assert is_web_address(f"https://contoso.{'c' * 63}/")
    assert not is_web_address(f"https://contoso.{'c' * 64}/")


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("a", True),
        ("a.b", True),
        ("reports", True),
        ("xn--bcher-kva.example", True),
        ("a-b.example", True),
        ("-a.example", False),
        ("a-.example", False),
        ("a..example", False),
        ("a_b.example", False),
        ("example.", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("rest", ["", "/", ":8443", ":8443/a?b=c#d"])
def test_an_address_names_its_host(host, fits, rest):
    """By letters, digits and hyphens, as names of hosts are."""
    assert is_web_address(f"https://{host}{rest}") is fits


@pytest.mark.parametrize("port", ["0", "65536", "-1", "a"])
def test_an_address_has_a_port_that_there_is(port):
    """Or none."""
    assert not is_web_address(f"https://reports.contoso.example:{port}/")


def test_a_name_is_shown_up_to_a_length():
    """Names of Entra have up to 256 characters, and buttons fewer."""
    (opening,) = opened(site(name="x" * 256))
    assert opening.name == "x" * 200


def test_a_site_without_a_name_is_called_by_its_address():
    """It has no other; what has neither is not offered."""
    assert [each.name for each in opened(site(name=""), team(name=""), entra_role())] == [
        "Helpdesk",
        SITE,
    ]


def test_what_is_eligible_is_known_by_either_of_its_names():
    """Graph leaves one out, or the other."""
    plain, origin = team(), team(role="Eligible Member")
    plain["role"] |= {"displayName": "Eligible Member"}
    origin["role"] |= {"displayName": None, "originId": f"EligibleMember_{GROUP}"}
    assert urls(plain) == urls(origin) == []


def test_the_system_is_read_from_wherever_it_stands():
    """The resource, the role or the scope; in whatever capitals."""
    found = []
    for place in ("resource", "role", "scope"):
        bare = site()
        bare["role"]["resource"]["originSystem"] = None
        bare["role"]["originSystem"] = None
        part = {"resource": bare["role"]["resource"], "role": bare["role"], "scope": bare["scope"]}
        part[place]["originSystem"] = "sharePointONLINE"
        found += urls(bare)
    assert found == [SITE] * 3


def test_a_part_of_a_resource_opens_the_whole():
    """By the resource's own address, where the catalog says it."""
    part = site()
    part["scope"] |= {"isRootScope": False, "originId": f"{SITE}/part"}
    assert urls(part) == [SITE]


def test_the_tenants_guid_may_be_written_in_any_way():
    """In capitals, or with blanks around it."""
    assert urls(app(), tenant_id=f" {TENANT.upper()} ") == [LEDGER]
    assert urls(app(), facts=LinkFacts(app_ids={PRINCIPAL: APP.upper()})) == [LEDGER]
