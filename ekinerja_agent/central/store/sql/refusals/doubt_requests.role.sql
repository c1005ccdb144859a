-- only an operator, somebody of payroll or a head says what becomes of a doubtful record
{unfit(DECIDE_DOUBT)}
