-- only an operator or a head decides on an outage
{unfit(DECIDE_OUTAGE)}
