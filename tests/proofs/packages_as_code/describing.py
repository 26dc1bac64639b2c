"""A file of packages that somebody goes on editing."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import yaml

Words = dict[str, Any]

PEOPLE: Final = ("ann@contoso.example", "bo@contoso.example", "cy@contoso.example")
# What other people have made in the tenant, and a file may name.
THEIR_GROUPS: Final = ("Marketing", "Security reviewers")
# It has fewer words.
BETA: Final = "beta"
NAMES: Final = (
    "Alpha",
    "Bravo: two",
    "Éclair",
    "delta & co",
    "ECHO",
    "Fox–trot",
    "12",
    "yes",
    "Ghost",
)


def fresh() -> Words:
    """Return a file that describes nothing yet."""
    return {"people": [], "groups": [], "catalogs": []}


def text_of(file: Words) -> str:
    return yaml.safe_dump(file, sort_keys=False, allow_unicode=True)


def packages_of(file: Words) -> Iterator[tuple[Words, Words]]:
    """Yield each package with its catalog."""
    for catalog in file["catalogs"]:
        for package in catalog["packages"]:
            yield catalog, package


class Editor:
    """
    Somebody who edits one file.

    Attributes:
        file: What it says by now.
    """

    def __init__(self, chance: random.Random, version: str, *, team: str) -> None:
        """
        Args:
            version: Of Graph: beta cannot say everything.
            team: Stands in all names that this editor gives.
        """
        self.file = fresh()
        # Groups of others that the file may name.
        self.their_groups: Sequence[str] = THEIR_GROUPS
        self._team = team
        self._version = version
        self._chance = chance
        self._count = 0

    def edit(self) -> str:
        """Do one thing to the file, and say what; "" if there is nothing to do it to."""
        deed: Callable[[], str] = self._chance.choice(self._deeds())
        return deed()

    def rename(self, kind: str, name: str, other: str) -> None:
        """Write another name where the file has this one, and wherever it names it."""
        for each in self.described(kind):
            if each["name"] == name:
                each["name"] = other
                each.pop("was", None)
            elif each.get("was") == name:
                each["was"] = other
        if kind in ("group", "package"):
            self._rename_in_lists(kind, name, other)

    def was(self, kind: str, name: str, other: str) -> bool:
        """Say of what the file calls by this name that Entra has it under the *other*; False if it is not there."""
        found = [each for each in self.described(kind) if each["name"] == name]
        for each in found:
            each["was"] = other
        return bool(found)

    def named_groups(self) -> set[str]:
        """Return the groups that stand in the lists of packages and policies."""
        found: set[str] = set()

        def look(said: str) -> str:
            before, _, name = said.partition("group ")
            if before in ("", "Member of "):
                found.add(name)
            return said

        self._in_lists(look)
        return found

    def forget_group(self, name: str) -> None:
        """Write a group of others' that is always there wherever a list names this one."""
        self._rename_in_lists("group", name, THEIR_GROUPS[0])

    def described(self, kind: str) -> list[Words]:
        """Return the blocks of one kind."""
        if kind == "group":
            return list(self.file["groups"])
        if kind == "catalog":
            return list(self.file["catalogs"])
        if kind == "package":
            return [package for _, package in packages_of(self.file)]
        return [policy for package in self.described("package") for policy in package["policies"]]

    def new_name(self) -> str:
        """Return a name that nothing has had yet."""
        self._count += 1
        return f"{self._chance.choice(NAMES)} {self._team}{self._count}"

    def _deeds(self) -> list[Callable[[], str]]:
        few = sum(1 for _ in packages_of(self.file)) < 2
        adding = [
            self._add_person,
            self._add_group,
            self._add_catalog,
            self._add_package,
            self._add_policy,
        ]
        if few:
            return adding
        return [
            *adding,
            self._members,
            self._words_of_catalog,
            *[self._words_of_package] * 2,
            *[self._gives] * 3,
            *[self._apart] * 2,
            *[self._words_of_policy] * 4,
            *[self._rename] * 3,
            self._shuffle,
            self._move,
            *[self._remove] * 4,
        ]

    # Adding.

    def _add_person(self) -> str:
        self._count += 1
        email = f"{self._team.lower()}{self._count}@contoso.example"
        person: Words = {"name": f"Trial {self._team}{self._count}", "email": email}
        if self._chance.random() < 0.5:
            person["manager"] = self._chance.choice(PEOPLE)
        self.file["people"].append(person)
        return f"add person {email}"

    def _add_group(self) -> str:
        name = self.new_name()
        self.file["groups"].append({"name": name, "members": self._some(self._people())})
        return f"add group {name}"

    def _add_catalog(self) -> str:
        name = self.new_name()
        self.file["catalogs"].append({"name": name, "description": "One", "packages": []})
        return f"add catalog {name}"

    def _add_package(self) -> str:
        if not self.file["catalogs"]:
            return self._add_catalog()
        name = self.new_name()
        package: Words = {"name": name, "description": "One", "policies": []}
        self._chance.choice(self.file["catalogs"])["packages"].append(package)
        if self._chance.random() < 0.8:
            package["gives"] = self._roles()
        if self._chance.random() < 0.8:
            package["policies"].append(self._policy())
        return f"add package {name}"

    def _add_policy(self) -> str:
        packages = self.described("package")
        if not packages:
            return self._add_package()
        package, policy = self._chance.choice(packages), self._policy()
        package["policies"].append(policy)
        return f"add policy {policy['name']} to {package['name']}"

    def _policy(self) -> Words:
        policy: Words = {"name": self.new_name()}
        for _ in range(4):
            policy |= self._said_of_policy()
        return {"may ask": "all members", "durations": "30 days"} | policy

    # Changing.

    def _members(self) -> str:
        return self._change("group", lambda: {"members": self._some(self._people())})

    def _words_of_catalog(self) -> str:
        return self._change(
            "catalog",
            lambda: self._chance.choice(
                [{"description": self._description()}, {"published": self._chance.random() < 0.5}]
            ),
        )

    def _words_of_package(self) -> str:
        return self._change(
            "package",
            lambda: self._chance.choice(
                [{"description": self._description()}, {"hidden": self._chance.random() < 0.5}]
            ),
        )

    def _gives(self) -> str:
        return self._change("package", lambda: {"gives": self._roles()})

    def _apart(self) -> str:
        packages = self.described("package")
        if len(packages) < 2:
            return ""
        one, other = self._chance.sample(packages, 2)
        apart = self._some([f"package {other['name']}", *self._groups()])
        one["not together with"] = apart
        return f"{one['name']} not together with {apart}"

    def _words_of_policy(self) -> str:
        return self._change("policy", self._said_of_policy)

    def _said_of_policy(self) -> Words:
        chance = self._chance
        people = [f"person {each}" for each in self._people()]
        deciders = ["manager", "person dana@contoso.example", *people, *self._groups()]
        return chance.choice(
            [
                {"description": self._description()},
                {"may ask": chance.choice(["all members", "all users", "nobody"])},
                {"may ask": self._some(self._groups(), least=1)},
                {"durations": chance.choice(self._durations())},
                {"may extend": chance.choice(["yes", "no"])},
                {"reason required": chance.random() < 0.5},
                {"decided by": "nobody"},
                {"decided by": self._stages(deciders)},
                {"questions": [{"ask": "Why?", "required": chance.random() < 0.5}]},
                {"questions": []},
                {"new requests": chance.random() < 0.7},
                *([{"managers may ask": chance.random() < 0.3}] if self._version != BETA else []),
            ]
        )

    def _durations(self) -> list[str]:
        # Beta shows no end and some hours alike: what has none cannot be changed by it.
        endless = [] if self._version == BETA else ["no end"]
        return ["30 days", "60 days", "until 2030-12-31", *endless]

    def _stages(self, deciders: list[str]) -> list[Words]:
        return [
            {
                "approvers": self._some(deciders, least=1),
                "fallback": ["person dana@contoso.example"],
                "within": self._chance.choice(["7 days", "14 days"]),
            }
            for _ in range(self._chance.choice([1, 2]))
        ]

    def _change(self, kind: str, said: Callable[[], Words]) -> str:
        blocks = self.described(kind)
        if not blocks:
            return ""
        block, words = self._chance.choice(blocks), said()
        block.update(words)
        return f"{kind} {block['name']}: {words}"

    # Names and places.

    def _rename(self) -> str:
        kind = self._chance.choice(["group", "catalog", "package", "policy"])
        blocks = self.described(kind)
        if not blocks:
            return ""
        block = self._chance.choice(blocks)
        name, other = block["name"], self.new_name()
        self.rename(kind, name, other)
        if self._chance.random() < 0.8:
            block["was"] = name
        return f"{kind} {name} is called {other}" + (", with was" if "was" in block else "")

    def _rename_in_lists(self, kind: str, name: str, other: str) -> None:
        before, after = f"{kind} {name}", f"{kind} {other}"
        self._in_lists(lambda said: said.replace(before, after) if said.endswith(before) else said)

    def _in_lists(self, word: Callable[[str], str]) -> None:
        """Let a function write each word of the lists that name people, groups and packages."""

        def written(said: Any) -> Any:
            if isinstance(said, str):
                return word(said)
            if isinstance(said, list):
                # Nothing is named twice.
                return _once([written(each) for each in said])
            if isinstance(said, dict):
                return {key: written(each) for key, each in said.items()}
            return said

        for package in self.described("package"):
            for key in ("gives", "not together with"):
                if key in package:
                    package[key] = written(package[key])
            for policy in package["policies"]:
                for key in ("may ask", "decided by"):
                    if key in policy:
                        policy[key] = written(policy[key])

    def _shuffle(self) -> str:
        self._chance.shuffle(self.file["groups"])
        self._chance.shuffle(self.file["catalogs"])
        for catalog in self.file["catalogs"]:
            self._chance.shuffle(catalog["packages"])
        return "in another order"

    def _move(self) -> str:
        packages, catalogs = list(packages_of(self.file)), self.file["catalogs"]
        if not packages or len(catalogs) < 2:
            return ""
        catalog, package = self._chance.choice(packages)
        other = self._chance.choice([each for each in catalogs if each is not catalog])
        catalog["packages"].remove(package)
        other["packages"].append(package)
        for block in (package, *package["policies"]):
            block.pop("was", None)
        return f"package {package['name']} in catalog {other['name']}"

    # Removing.

    def _remove(self) -> str:
        kind = self._chance.choice(["person", "group", "catalog", "package", "policy"])
        if kind == "person":
            return self._remove_unnamed("people", "email")
        if kind == "group":
            return self._remove_unnamed("groups", "name")
        if kind == "catalog":
            return self._remove_from(self.file["catalogs"], "catalog")
        holders = self.file["catalogs"] if kind == "package" else self.described("package")
        within = "packages" if kind == "package" else "policies"
        lists = [each[within] for each in holders if each[within]]
        return self._remove_from(self._chance.choice(lists), kind) if lists else ""

    def _remove_unnamed(self, things: str, named_by: str) -> str:
        """Take out one that the file does not name anywhere else."""
        text = text_of(self.file)
        unnamed = [each for each in self.file[things] if text.count(each[named_by]) == 1]
        if not unnamed:
            return ""
        thing = self._chance.choice(unnamed)
        self.file[things].remove(thing)
        return f"remove {thing[named_by]} from {things}"

    def _remove_from(self, blocks: list[Words], kind: str) -> str:
        if not blocks:
            return ""
        block = self._chance.choice(blocks)
        blocks.remove(block)
        self._name_no_more({each["name"] for each in self.described("package")})
        return f"remove {kind} {block['name']}"

    def _name_no_more(self, left: set[str]) -> None:
        """Take out of the lists the packages that the file has no more."""
        for package in self.described("package"):
            apart = package.get("not together with")
            if apart is not None:
                package["not together with"] = [
                    each
                    for each in apart
                    if each.partition(" ")[2] in left or each.startswith("group ")
                ]

    # What lists hold.

    def _people(self) -> list[str]:
        return [*PEOPLE, *(each["email"] for each in self.file["people"])]

    def _groups(self) -> list[str]:
        mine = [each["name"] for each in self.file["groups"]]
        return [f"group {each}" for each in (*mine, *self.their_groups)]

    def _roles(self) -> list[str]:
        return [f"Member of {each}" for each in self._some(self._groups())]

    def _description(self) -> str:
        return self._chance.choice(["One", "Two", "Three: with a colon", "Ünï"])

    def _some(self, things: Any, *, least: int = 0) -> list[str]:
        things = list(things)
        return self._chance.sample(things, self._chance.randint(least, min(3, len(things))))


def _once(said: list[Any]) -> list[Any]:
    """Return a list without what it has already; stages of approval may well be alike."""
    return [
        each
        for place, each in enumerate(said)
        if not (isinstance(each, str) and each in said[:place])
    ]
