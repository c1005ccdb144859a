-- by the clock of the database the last day that is judged is not over; close after it, or with --through
{not_over(NEW.period, NEW.through)}
