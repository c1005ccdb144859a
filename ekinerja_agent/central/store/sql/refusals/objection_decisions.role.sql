-- only an operator or a head decides on an objection
{unfit(DECIDE_OBJECTION)}
