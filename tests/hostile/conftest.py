"""What attackers of one kind share: the county of the web pages."""

from tests.board.conftest import county, county_url, postgresql_county, sqlite_county

__all__ = ["county", "county_url", "postgresql_county", "sqlite_county"]
