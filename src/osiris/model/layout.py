"""Every path of a project, as arithmetic; nothing here touches a disk."""

from dataclasses import dataclass
from pathlib import Path

SETTINGS = "osiris.yaml"
CONNECTIONS = "osiris_connections.yaml"
SCHEMA = "oml.schema.json"
REPORT = "report.html"
SHORT_HASH = 12  # hexadecimal digits of a manifest's hash in a folder's name


@dataclass(frozen=True)
class Layout:
    """Where a project keeps what.

    Attributes:
        project: The folder that holds `osiris.yaml`; relative paths start here.
        build: Folder for manifests, relative to the project unless absolute; so are the others.
    """

    project: Path
    pipelines_dir: str = "pipelines"
    output_dir: str = "output"
    build_dir: str = "build"
    logs_dir: str = "logs"
    sessions_dir: str = ".osiris_sessions"
    cache_dir: str = ".osiris_cache"
    prompts_dir: str = ".osiris_prompts"

    @property
    def settings(self) -> Path:
        """Return the settings file."""
        return self.project / SETTINGS

    @property
    def connections(self) -> Path:
        """Return the connections file."""
        return self.project / CONNECTIONS

    @property
    def pipelines(self) -> Path:
        """Return the folder of OML files that a conversation saves."""
        return self.project / self.pipelines_dir

    @property
    def build(self) -> Path:
        """Return the folder of all manifests."""
        return self.project / self.build_dir

    @property
    def latest(self) -> Path:
        """Return the file that names the newest build folder, relative to `build`."""
        return self.build / "LATEST"

    @property
    def logs(self) -> Path:
        """Return the folder of all runs."""
        return self.project / self.logs_dir

    @property
    def sessions(self) -> Path:
        """Return the folder of conversations."""
        return self.project / self.sessions_dir

    @property
    def history(self) -> Path:
        """Return the SQLite file of conversations and approvals."""
        return self.sessions / "history.sqlite"

    @property
    def cache(self) -> Path:
        """Return the folder of what is known about sources."""
        return self.project / self.cache_dir

    @property
    def report(self) -> Path:
        """Return the page that lists all runs."""
        return self.logs / "index.html"

    @property
    def prompts(self) -> Path:
        """Return the folder of the project's own prompts."""
        return self.project / self.prompts_dir

    @property
    def run_index(self) -> Path:
        """Return the SQLite index of all runs."""
        return self.logs / "index.sqlite"

    def pipeline(self, slug: str) -> Path:
        """Return the OML file of a pipeline that a conversation saves."""
        return self.pipelines / f"{slug}.yaml"

    def catalogue(self, family: str, alias: str) -> Path:
        """Return the file that keeps what is known of one connection."""
        return self.cache / f"{family}.{alias}.json"

    def compiled(self, slug: str, manifest_hash: str, *, short: int = SHORT_HASH) -> Path:
        """Return the folder of one manifest: `build/<pipeline>/<slug>-<hash>`."""
        return self.build / slug / f"{slug[:24]}-{manifest_hash[:short]}"

    def session(self, run_id: str) -> "Session":
        """Return the places of one run."""
        return Session(self.logs / run_id)


@dataclass(frozen=True)
class Session:
    """Where one run keeps what: `logs/<run_id>/`."""

    folder: Path

    @property
    def events(self) -> Path:
        """Return the journal: one JSON object a line."""
        return self.folder / "events.jsonl"

    @property
    def metrics(self) -> Path:
        """Return the metrics: a projection of the events, one a line."""
        return self.folder / "metrics.jsonl"

    @property
    def manifest(self) -> Path:
        """Return the copy of the manifest that ran."""
        return self.folder / "manifest.yaml"

    @property
    def oml(self) -> Path:
        """Return the copy of the pipeline's text."""
        return self.folder / "pipeline.yaml"

    @property
    def frozen(self) -> Path:
        """Return what the AIOP needs besides the events, as it was when the run began: settings, meaning, past."""
        return self.folder / "frozen.json"

    @property
    def aiop(self) -> Path:
        """Return the AI Operation Package."""
        return self.folder / "aiop.json"

    @property
    def annex(self) -> Path:
        """Return the folder of all that the package may leave out."""
        return self.folder / "aiop-annex"

    @property
    def report(self) -> Path:
        """Return the page that shows the run to a person."""
        return self.folder / REPORT

    @property
    def run_card(self) -> Path:
        """Return the package for a person."""
        return self.folder / "run-card.md"

    @property
    def scratch(self) -> Path:
        """Return the folder for rows at rest; gone after the run."""
        return self.folder / "scratch"
