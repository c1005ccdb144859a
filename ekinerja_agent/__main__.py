"""`python -m ekinerja_agent` is the console script `ekinerja-agent`."""

from ekinerja_agent.cli import main

if __name__ == "__main__":
    main()
