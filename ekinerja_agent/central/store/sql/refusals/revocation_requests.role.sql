-- only an operator or somebody of payroll asks to take a batch back
{unfit(REVOKE_IMPORT)}
