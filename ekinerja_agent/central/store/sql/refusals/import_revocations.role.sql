-- only an operator or somebody of payroll takes a batch back
{unfit(REVOKE_IMPORT)}
