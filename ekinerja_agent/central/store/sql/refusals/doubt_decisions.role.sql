-- only an operator, somebody of payroll or a head decides on a doubtful record
{unfit(DECIDE_DOUBT)}
