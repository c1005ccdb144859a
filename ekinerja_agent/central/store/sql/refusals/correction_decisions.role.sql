-- only an operator or a head decides on a correction
{unfit(DECIDE_CORRECTION)}
