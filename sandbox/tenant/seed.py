"""The tutorial's world: a few people of Contoso, four access packages, one catalog."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.tenant.model import (
    Application,
    Catalog,
    Environment,
    Expiration,
    Group,
    Json,
    Package,
    Policy,
    Resource,
    ResourceRoleScope,
    Site,
    User,
)
from sandbox.tenant.policy_settings import read_settings
from sandbox.tenant.world import World

DOMAIN = "contoso.example"

ANN = "a0000000-0000-4000-8000-000000000001"
CY = "a0000000-0000-4000-8000-000000000002"
BO = "a0000000-0000-4000-8000-000000000003"
DANA = "a0000000-0000-4000-8000-000000000004"
GUS = "a0000000-0000-4000-8000-000000000005"
MIA = "a0000000-0000-4000-8000-000000000006"

MARKETING_RESOURCES = "b0000000-0000-4000-8000-000000000001"
MARKETING = "b0000000-0000-4000-8000-000000000002"
FINANCE_READERS = "b0000000-0000-4000-8000-000000000003"
SECURITY_REVIEWERS = "b0000000-0000-4000-8000-000000000004"
DATABASE_OPERATORS = "b0000000-0000-4000-8000-000000000005"
BOARD_READERS = "b0000000-0000-4000-8000-000000000006"

GENERAL = "c0000000-0000-4000-8000-000000000001"

MARKETING_CAMPAIGN = "d0000000-0000-4000-8000-000000000001"
FINANCE_REPORTS = "d0000000-0000-4000-8000-000000000002"
PRODUCTION_DATABASE = "d0000000-0000-4000-8000-000000000003"
BOARD_PAPERS = "d0000000-0000-4000-8000-000000000004"

LEDGER = "e0000000-0000-4000-8000-000000000001"
LEDGER_READER = "e0000000-0000-4000-8000-0000000000a1"
LEDGER_EDITOR = "e0000000-0000-4000-8000-0000000000a2"
FINANCE_SITE = "https://contoso.sharepoint.com/sites/Finance"
SITE_ROLES = {"3": "Finance Owners", "4": "Finance Visitors", "5": "Finance Members"}


def seed(world: World) -> None:
    """Fill an empty world. Everything is a day old, so that Entra knows it all already."""
    _Seeding(world, world.now() - timedelta(days=1)).run()


@dataclass
class _Seeding:
    world: World
    made_at: datetime

    def run(self) -> None:
        self._people()
        self._groups()
        self._catalog()
        self._packages()
        self.world.touch()
        self.world.announce()

    def _people(self) -> None:
        for user_id, name, manager, title, department in (
            (ANN, "Ann Abara", MIA, "Campaign lead", "Marketing"),
            (CY, "Cy Chen", MIA, "Designer", "Marketing"),
            (BO, "Bo Berg", None, "Security engineer", "Security"),
            (DANA, "Dana Diaz", None, "Identity engineer", "IT"),
            (MIA, "Mia Moreau", None, "Head of Marketing", "Marketing"),
        ):
            nickname = name.split()[0].lower()
            self.world.users[user_id] = User(
                id=user_id,
                display_name=name,
                user_principal_name=f"{nickname}@{DOMAIN}",
                created_at=self.made_at,
                mail=f"{nickname}@{DOMAIN}",
                mail_nickname=nickname,
                manager_id=manager,
                job_title=title,
                department=department,
                is_administrator=user_id == DANA,
            )
        self.world.users[GUS] = User(
            id=GUS,
            display_name="Gus Guest",
            user_principal_name=f"gus_fabrikam.example#EXT#@{DOMAIN}",
            created_at=self.made_at,
            mail="gus@fabrikam.example",
            mail_nickname="gus_fabrikam.example#EXT#",
            user_type="Guest",
        )

    def _groups(self) -> None:
        for group_id, name, description, members in (
            (MARKETING_RESOURCES, "Marketing resources", "Marketing group", []),
            (MARKETING, "Marketing", "The marketing team", [ANN, CY]),
            (FINANCE_READERS, "Finance readers", "Read the finance reports", []),
            (SECURITY_REVIEWERS, "Security reviewers", "Decide about production", [BO, DANA]),
            (DATABASE_OPERATORS, "Database operators", "Operate the production database", []),
            (BOARD_READERS, "Board readers", "Read the papers of the board", []),
        ):
            self.world.groups[group_id] = Group(
                id=group_id,
                display_name=name,
                created_at=self.made_at,
                description=description,
                mail_nickname=name.lower().replace(" ", "-"),
                members=list(members),
            )
        # Only a Microsoft 365 group can have a team.
        team = self.world.groups[MARKETING_RESOURCES]
        team.group_types, team.mail_enabled, team.has_team = ["Unified"], True, True
        roles = {LEDGER_READER: "Reader", LEDGER_EDITOR: "Editor"}
        self.world.applications[LEDGER] = Application(LEDGER, "Contoso Ledger", roles)
        self.world.sites[FINANCE_SITE] = Site(FINANCE_SITE, "Finance", dict(SITE_ROLES))
        for number, (name, is_default) in enumerate((("contoso", True), ("contosoeur", False)), 1):
            environment_id = f"e0000000-0000-4000-8000-0000000000e{number}"
            self.world.environments[environment_id] = Environment(
                id=environment_id,
                display_name=f"https://{name}.sharepoint.com/",
                origin_id=f"https://{name}-admin.sharepoint.com/",
                is_default=is_default,
            )

    def _catalog(self) -> None:
        self.world.catalogs[GENERAL] = Catalog(
            id=GENERAL,
            display_name="General",
            created_at=self.made_at,
            description="Built-in catalog.",
            catalog_type="serviceDefault",
        )
        for number, (origin_id, system, name, description) in enumerate(
            (
                (MARKETING_RESOURCES, "AadGroup", "Marketing resources", "Marketing group"),
                (FINANCE_READERS, "AadGroup", "Finance readers", "Read the finance reports"),
                (DATABASE_OPERATORS, "AadGroup", "Database operators", "Operate the database"),
                (BOARD_READERS, "AadGroup", "Board readers", "Read the papers of the board"),
                (LEDGER, "AadApplication", "Contoso Ledger", "Bookkeeping"),
                (FINANCE_SITE, "SharePointOnline", "Finance", "Site of the finance team"),
            ),
            1,
        ):
            resource_id = f"f0000000-0000-4000-8000-00000000000{number}"
            self.world.resources[resource_id] = Resource(
                id=resource_id,
                catalog_id=GENERAL,
                display_name=name,
                origin_id=origin_id,
                origin_system=system,
                created_at=self.made_at,
                description=description,
                scope_id=f"f0000000-0000-4000-8000-0000000000b{number}",
            )

    def _packages(self) -> None:
        self._package(
            MARKETING_CAMPAIGN,
            "Marketing Campaign",
            "Access to resources for the campaign",
            (MARKETING_RESOURCES, f"Member_{MARKETING_RESOURCES}"),
        )
        self._policy(
            MARKETING_CAMPAIGN,
            "Specific users",
            "specificDirectoryUsers",
            days=30,
            targets=[_user(ANN, "Ann Abara"), _group(MARKETING, "Marketing")],
        )
        self._package(
            FINANCE_REPORTS,
            "Finance Reports",
            "Read the monthly figures, the ledger and the finance site",
            (FINANCE_READERS, f"Member_{FINANCE_READERS}"),
            (LEDGER, LEDGER_READER),
            (FINANCE_SITE, "4"),
        )
        self._policy(
            FINANCE_REPORTS,
            "Everyone at Contoso",
            "allMemberUsers",
            days=30,
            stages=[{"primaryApprovers": [_user(BO, "Bo Berg")]}],
            approves_extension=True,
            wants_reason=True,
        )
        self._package(
            PRODUCTION_DATABASE,
            "Production Database",
            "Operate the production database for a week",
            (DATABASE_OPERATORS, f"Member_{DATABASE_OPERATORS}"),
        )
        manager = {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
        self._policy(
            PRODUCTION_DATABASE,
            "Everyone at Contoso",
            "allMemberUsers",
            days=7,
            stages=[
                {
                    "primaryApprovers": [manager],
                    "fallbackPrimaryApprovers": [_user(DANA, "Dana Diaz")],
                },
                {
                    "primaryApprovers": [_group(SECURITY_REVIEWERS, "Security reviewers")],
                    "isApproverJustificationRequired": True,
                },
            ],
            approves_extension=True,
            wants_reason=True,
        )
        self._package(
            BOARD_PAPERS,
            "Board Papers",
            "The papers of the board",
            (BOARD_READERS, f"Member_{BOARD_READERS}"),
        )
        self._policy(
            BOARD_PAPERS,
            "Dana only",
            "specificDirectoryUsers",
            days=None,
            targets=[_user(DANA, "Dana Diaz")],
        )

    def _package(
        self, package_id: str, name: str, description: str, *roles: tuple[str, str]
    ) -> None:
        package = Package(
            id=package_id,
            catalog_id=GENERAL,
            display_name=name,
            created_at=self.made_at,
            description=description,
        )
        by_origin = {resource.origin_id: resource for resource in self.world.resources.values()}
        for origin_id, role in roles:
            resource = by_origin[origin_id]
            role_id = resource.role_ids.setdefault(role, self.world.new_id())
            package.role_scopes.append(
                ResourceRoleScope(
                    id=f"{role_id}_{resource.scope_id}",
                    resource_id=resource.id,
                    role_origin_id=role,
                    created_at=self.made_at,
                )
            )
        self.world.packages[package_id] = package

    def _policy(
        self,
        package_id: str,
        name: str,
        scope: str,
        *,
        days: int | None,
        targets: list[Json] | None = None,
        stages: list[Json] | None = None,
        approves_extension: bool = False,
        wants_reason: bool = False,
    ) -> None:
        policy_id = package_id.replace("d0000000", "9b000000", 1)
        body: Json = {
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": True,
                "enableTargetsToSelfUpdateAccess": True,
                "enableTargetsToSelfRemoveAccess": True,
            },
            "requestApprovalSettings": {
                "isApprovalRequiredForAdd": bool(stages),
                "isApprovalRequiredForUpdate": approves_extension,
                "isRequestorJustificationRequired": wants_reason,
                "stages": stages or [],
            },
        }
        self.world.policies[policy_id] = Policy(
            id=policy_id,
            package_id=package_id,
            display_name=name,
            created_at=self.made_at,
            description=f"{name} may ask for it",
            allowed_target_scope=scope,
            specific_allowed_targets=targets or [],
            expiration=Expiration("afterDuration", duration=timedelta(days=days))
            if days
            else Expiration("noExpiration"),
            settings=read_settings(body),
        )


def _user(user_id: str, name: str) -> Json:
    return {"@odata.type": "#microsoft.graph.singleUser", "userId": user_id, "description": name}


def _group(group_id: str, name: str) -> Json:
    return {
        "@odata.type": "#microsoft.graph.groupMembers",
        "groupId": group_id,
        "description": name,
    }
