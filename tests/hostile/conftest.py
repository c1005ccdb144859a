"""What attackers of one kind share: the county of the web pages, files of a configuration, the logins of a database."""

from tests.board.conftest import county, county_url, postgresql_county, sqlite_county
from tests.central.conftest import login, roles_url
from tests.config.conftest import write

__all__ = ["county", "county_url", "login", "postgresql_county", "roles_url", "sqlite_county", "write"]
