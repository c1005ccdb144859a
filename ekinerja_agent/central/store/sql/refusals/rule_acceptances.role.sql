-- only an operator or somebody of payroll accepts rules
{unfit(ACCEPT_RULES)}
