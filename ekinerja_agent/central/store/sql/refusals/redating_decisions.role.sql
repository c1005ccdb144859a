-- only an operator or a head decides on a redating
{unfit(DECIDE_REDATING)}
