"""Look up names of people: e-mail addresses, or the names under which the file describes them."""

from collections.abc import Iterable, Mapping

from bot.provisioning.file_format.model import File
from bot.provisioning.names.base import LookupContext, NameKind, NamingContext
from bot.same_name import folded
from bot.suggestions import nearest
from graph import Graph
from graph.models import User


class PersonNameKind(NameKind):
    """People, by e-mail address."""

    words = ("person",)

    def described(self, file: File, name: str) -> list[str]:
        return [
            each.email
            for each in file.people
            if folded(name) in (folded(each.name), folded(each.email))
        ]

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        emails = {}
        for key, name in names.items():
            described = self.described(context.file, name)
            emails[key] = described[0] if described else name
        addresses = [email for email in emails.values() if "@" in email]
        users = await context.graph.users.find_each(addresses)
        return {key: [each.id for each in users.get(email, [])] for key, email in emails.items()}

    async def say_missing(
        self, word: str, name: str, context: LookupContext, *, known: Iterable[str]
    ) -> str:
        if "@" in name:
            return await super().say_missing(word, name, context, known=known)
        described = [each.name for each in context.file.people]
        return f"“{name}” is no e-mail address, and nobody in this file.{nearest(name, described)}"

    async def names_like(self, graph: Graph, beginning: str) -> list[str]:
        users = await graph.users.starting_with(beginning)
        return [each.mail or each.user_principal_name or "" for each in users]

    async def names_of(self, ids: Iterable[str], context: NamingContext) -> dict[str, str]:
        graph = context.graph
        addresses = {
            user_id: _addresses(user) for user_id, user in (await graph.users.get_many(ids)).items()
        }
        wanted = sorted({email for each in addresses.values() for email in each})
        owners = await graph.users.find_each(wanted)
        found = {}
        for user_id, emails in addresses.items():
            own = [email for email in emails if [each.id for each in owners[email]] == [user_id]]
            if own:
                found[user_id] = own[0]
        return found


def _addresses(user: User | None) -> list[str]:
    return [each for each in (user.mail, user.user_principal_name) if each] if user else []
