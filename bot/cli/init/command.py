"""The command itself: asks, or takes options and the environment, and never shows a secret."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from bot import chance
from bot.cli.connection import Stop, WrongSettings
from bot.cli.init import files as installation
from bot.cli.init.answers import (
    problem_with,
    problems_in,
    read_answers,
    subject_of,
    unwritable,
)
from bot.cli.init.plan import CLOUD_NAMES, CredentialKind, InstallationPlan, SlackMode, Target
from bot.cli.init.questions import (
    SECRET_FILES,
    SettingQuestion,
    about_database,
    about_entra,
    about_slack,
)
from bot.configuration.names import TEXT
from bot.configuration.settings import secret_names
from bot.configuration.urls import read_address
from bot.errors import ConfigurationError

# For these a file is written that takes Slack's requests over TLS, by the name of the host.
WITH_TLS_IN_FRONT: Final = frozenset({Target.SYSTEMD, Target.KUBERNETES})


def _choice(kind: type[Target] | type[SlackMode] | type[CredentialKind]) -> click.Choice[str]:
    return click.Choice([each.value for each in kind])


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where the files go.  [default: here]",
)
@click.option("--target", type=_choice(Target), help="What will run it.")
@click.option("--slack", type=_choice(SlackMode), help="How Slack's requests come in.")
@click.option("--public-url", metavar="URL", help="HTTP: where Slack reaches it, https://HOST.")
@click.option("--identity", type=_choice(CredentialKind), help="How it signs in to Entra.")
@click.option(
    "--cloud", type=click.Choice(list(CLOUD_NAMES)), default="global", show_default=True,
    help="Microsoft's cloud.",
)  # fmt: skip
@click.option("--namespace", default="latchkey", show_default=True, help="Of Kubernetes.")
@click.option("--issuer", metavar="URL", help="Workload identity: the OIDC issuer of the cluster.")
@click.option(
    "--set", "given", metavar="NAME=VALUE", multiple=True,
    help="A setting that is no secret; again for each.",
)  # fmt: skip
@click.option(
    "--secret-file", "secret_files", metavar="NAME=FILE", multiple=True,
    help="A setting that is a secret, in a file; again for each.",
)  # fmt: skip
@click.option("--no-input", is_flag=True, help="Ask nothing; what is not known is left open.")
@click.option("--force", is_flag=True, help="Write files anew that are there and differ.")
def init(
    folder: Path,
    target: str | None,
    slack: str | None,
    public_url: str | None,
    identity: str | None,
    cloud: str,
    namespace: str,
    issuer: str | None,
    given: tuple[str, ...],
    secret_files: tuple[str, ...],
    no_input: bool,
    force: bool,
) -> None:
    """
    Ask for the first settings, and write what an installation begins with.

    Writes the settings (readable by you alone), the Slack app's manifest, the commands for Entra, and a systemd unit,
    the files for Compose or the values for Helm.  Call it again when you know more: what is there is kept.

    Secrets are typed without being shown, or come from files or from variables of the same name; never from the
    command line, where others could see them.  None is ever printed.

    Example: latchkey init --target systemd --set LATCHKEY_ADMINS=U02ABCDEF
    """
    asks = not no_input
    plan = _plan(
        target, slack, public_url, identity, asks=asks, cloud=cloud, namespace=namespace, issuer=issuer
    )  # fmt: skip
    questions = {
        question.name: question
        for group in (about_slack(plan), about_entra(plan), about_database(plan))
        for question in group
    }
    answers = {
        **_written(folder, plan),
        **_from_environment(questions),
        **_pairs(given, secret_files),
        **_of_cloud(plan),
    }
    _refuse_wrong(answers)
    if asks:
        # The files by which the app is made come first; the answers are found there.
        _write(folder, plan, answers, questions, force=force)
        click.echo(
            f"\nslack-manifest.yml and entra-app.sh are in {folder.resolve()} now: the answers come from what is made with "
            "them.  What you do not know yet, leave out, and call `latchkey init` again.",
            err=True,
        )
        _ask(answers, questions)
    else:
        for question in questions.values():
            if question.default is not None:
                answers.setdefault(question.name, question.default)
    if plan.identity is CredentialKind.CERTIFICATE:
        answers.setdefault("AZURE_CLIENT_CERTIFICATE_PATH", plan.certificate_path)
    answers.setdefault("LATCHKEY_AUDIT_KEY", chance.new_id() + chance.new_id())
    _write(folder, plan, answers, questions, force=force)
    _report(folder, plan, answers, questions)


def _plan(
    target: str | None,
    slack: str | None,
    public_url: str | None,
    identity: str | None,
    *,
    asks: bool,
    cloud: str,
    namespace: str,
    issuer: str | None,
) -> InstallationPlan:
    """
    Return the choices, asked for where no option makes them.

    Raises:
        WrongSettings: They do not go together.
    """

    def chosen(kind: type[Target] | type[SlackMode] | type[CredentialKind], text: str, value: str | None, usual: str) -> str:  # fmt: skip
        if value is not None or not asks:
            return value or usual
        answer: str = click.prompt(text, type=_choice(kind), default=usual, err=True)
        return answer

    runs = Target(chosen(Target, "What will run Latchkey?", target, "here"))
    if public_url is not None and slack is None:
        slack = "http"
    way = SlackMode(
        chosen(SlackMode, "How do Slack's requests come in? (socket: nothing is exposed)", slack, "socket")
    )  # fmt: skip
    if way is SlackMode.HTTP and public_url is None and asks:
        public_url = click.prompt("Where does Slack reach it? (https://HOST)", err=True)
    who = CredentialKind(
        chosen(CredentialKind, "How does it sign in to Entra?", identity, "certificate")
    )
    problems = []
    if way is SlackMode.HTTP:
        address = read_address(public_url or "")
        if address is None or not address.is_root or not (public_url or "").startswith("https://"):
            problems.append("--public-url must be https:// and a host: Slack posts to /slack/events there.")  # fmt: skip
        elif address.port is not None and runs in WITH_TLS_IN_FRONT:
            problems.append("--public-url must have no port: the nginx and the Ingress that are set up listen on 443.")  # fmt: skip
    elif public_url is not None:
        problems.append("--public-url is for HTTP: in Socket Mode Slack posts to no address.")
    if runs is Target.COMPOSE and (way, who) != (SlackMode.SOCKET, CredentialKind.CERTIFICATE):
        problems.append(
            "The Compose file is for Socket Mode and a certificate: choose these, or another target."
        )
    if problems:
        raise WrongSettings(*problems)
    return InstallationPlan(
        target=runs, slack=way, identity=who, cloud=CLOUD_NAMES[cloud],
        public_url=public_url, namespace=namespace, issuer=issuer,
    )  # fmt: skip


def _written(folder: Path, plan: InstallationPlan) -> dict[str, str]:
    """Return what an earlier call has written."""
    try:
        if plan.target is Target.KUBERNETES:
            found = installation.answers_in(installation.read_values(folder / installation.VALUES))
        else:
            found = read_answers(folder / plan.settings_file)
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    if plan.has_secret_files:
        for name, file in SECRET_FILES.items():
            path = folder / "secrets" / file
            if path.is_file():
                found[name] = _content(path, name)
    return found


def _from_environment(questions: Mapping[str, SettingQuestion]) -> dict[str, str]:
    return {
        name: os.environ[name].strip() for name in questions if os.environ.get(name, "").strip()
    }


def _pairs(given: tuple[str, ...], secret_files: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if name in SECRET_FILES:
            raise WrongSettings(
                f"{name} is a secret, and others can see a command line: use --secret-file {name}=FILE, or the variable."
            )
        if name in secret_names():
            raise WrongSettings(
                f"{name} is a secret, and others can see a command line: write it down where docs/how-to/install.md says, afterwards."
            )
        if not equals or not value.strip():
            raise WrongSettings("--set takes NAME=VALUE.")
        found[name] = value.strip()
    for each in secret_files:
        name, equals, path = each.partition("=")
        if not equals or name not in SECRET_FILES:
            raise WrongSettings(f"--secret-file takes NAME=FILE, with one of {', '.join(SECRET_FILES)}.")  # fmt: skip
        found[name] = _content(Path(path), name)
    return found


def _content(path: Path, name: str) -> str:
    try:
        text = path.read_text(encoding=TEXT).strip()
    except (OSError, ValueError):
        text = ""
    if not text:
        raise WrongSettings(f"The file with {name} cannot be read, or has nothing in it.")
    return text


def _of_cloud(plan: InstallationPlan) -> dict[str, str]:
    if plan.cloud is CLOUD_NAMES["global"]:
        return {}
    return {
        "GRAPH_URL": plan.cloud.graph_url,
        "AZURE_AUTHORITY_HOST": plan.cloud.authority_host,
    }


def _refuse_wrong(answers: Mapping[str, str]) -> None:
    """
    Check what nobody was asked about.

    Raises:
        WrongSettings: A sentence for each answer that cannot be.
    """
    found = [each for name, value in answers.items() if (each := unwritable(name, value))]
    # What is missing comes later, and so may the file of the certificate.
    found += [
        each
        for each in problems_in(answers, without=("AZURE_CLIENT_CERTIFICATE_PATH",))
        if subject_of(each) in answers
    ]
    wrong = list(dict.fromkeys(found))
    if wrong:
        raise WrongSettings(*wrong)


def _ask(answers: dict[str, str], questions: Mapping[str, SettingQuestion]) -> None:
    """Ask for what is not known yet; each answer is judged at once."""
    for question in questions.values():
        if question.name in answers:
            click.echo(f"{question.name} is known already.", err=True)
            continue
        click.echo(f"\n{question.where}", err=True)
        answer = _answer(question, answers)
        if answer:
            answers[question.name] = answer


def _answer(question: SettingQuestion, answers: Mapping[str, str]) -> str:
    later = "" if question.default is not None else " (Enter: later)"
    if question.is_optional:
        later = " (Enter: leave it out)"
    while True:
        typed: str = click.prompt(
            f"{question.ask}{later}",
            default=question.default or "",
            show_default=question.default is not None,
            hide_input=question.is_secret,
            err=True,
        ).strip()
        wrong = problem_with(question.name, typed, answers) if typed else None
        if wrong is None:
            return typed
        click.echo(f"• {wrong}", err=True)


def _write(
    folder: Path,
    plan: InstallationPlan,
    answers: Mapping[str, str],
    questions: Mapping[str, SettingQuestion],
    *,
    force: bool,
) -> None:
    """
    Write every file; the settings and secrets always, because they have kept what was there.

    Raises:
        Stop: A file is there that differs, or none can be written.
    """
    passwords = {name: _kept_password(folder, name) for name in installation.COMPOSE_PASSWORDS}
    try:
        values = installation.read_values(folder / installation.VALUES)
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None
    made = list(
        installation.files(plan, answers, questions=questions, passwords=passwords, values=values)
    )
    differ = [each.name for each in made if not each.is_secret and _differs(folder / each.name, each.text)]  # fmt: skip
    own = [each for each in differ if each != installation.VALUES]
    if own and not force:
        raise Stop(
            f"{', '.join(own)} in that folder would be written otherwise: --force writes them anew, --folder goes elsewhere."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in made:
            installation.write(folder, each)
    except OSError as error:
        raise Stop(f"The files cannot be written to {folder}: {error.strerror}.") from None


def _kept_password(folder: Path, name: str) -> str:
    path = folder / "secrets" / name
    return path.read_text().strip() if path.is_file() else chance.new_id()


def _differs(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") != text
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError):
        return True


def _report(
    folder: Path,
    plan: InstallationPlan,
    answers: Mapping[str, str],
    questions: Mapping[str, SettingQuestion],
) -> None:
    """Say what was written and what is left, in the order in which it is done."""
    click.echo(f"Written to {folder.resolve()}:")
    for line in _contents(plan):
        click.echo(f"  {line}")
    click.echo("Keep a copy of LATCHKEY_AUDIT_KEY outside the database and its backups.")
    left = [
        each for each in questions.values() if each.name not in answers and not each.is_optional
    ]
    if left:
        click.echo("\nStill open; call `latchkey init` again, or write them into the file:")
        for each in left:
            click.echo(f"  {each.name}: {each.where}")
    others = problems_in(_judged(plan, answers), without=("AZURE_CLIENT_CERTIFICATE_PATH",))
    for sentence in others:
        if (
            not any(each.name in sentence for each in left)
            and "No Entra credential" not in sentence
        ):
            click.echo(f"• {sentence}")
    click.echo("\nThen:")
    for command in installation.next_steps(plan, folder):
        click.echo(f"  {command}")


def _judged(plan: InstallationPlan, answers: Mapping[str, str]) -> dict[str, str]:
    # The database of Compose is not reached from here, and its address is fine.
    return {name: value for name, value in answers.items() if plan.target is not Target.COMPOSE or name != "DATABASE_URL"}  # fmt: skip


def _contents(plan: InstallationPlan) -> Iterator[str]:
    yield "slack-manifest.yml       make the Slack app with it: https://api.slack.com/apps"
    if plan.public_url is not None:
        yield "slack-manifest-http.yml  save it in the app once Latchkey answers"
    yield "entra-app.sh             read it, and run it in this folder after `az login`"
    if plan.target is Target.KUBERNETES:
        yield "values.yaml              for the Helm chart"
    else:
        yield f"{plan.settings_file:<24} the settings, readable by you alone"
    if plan.has_secret_files:
        yield "secrets/                 a file for each secret, in a folder for you alone"
    if plan.target is Target.SYSTEMD:
        yield "latchkey.service         the systemd unit"
        if plan.slack is SlackMode.HTTP:
            yield "nginx.conf               TLS in front of it"
