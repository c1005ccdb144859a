-- its instant is ahead of the clock of the database; set the clock of the host that says it
{ahead(NEW.at)}
