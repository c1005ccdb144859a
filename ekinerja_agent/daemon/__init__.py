"""The long-running service: `service` says what runs when, `running` how one job runs, the others what the jobs are."""
