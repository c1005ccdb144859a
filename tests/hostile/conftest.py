"""What attackers of one kind share: the county of the web pages, files of a configuration."""

from tests.board.conftest import county, county_url, postgresql_county, sqlite_county
from tests.config.conftest import write

__all__ = ["county", "county_url", "postgresql_county", "sqlite_county", "write"]
