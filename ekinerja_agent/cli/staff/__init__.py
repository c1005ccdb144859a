"""People of this host who are not the service's user: their commands run as that user behind one local socket, with
their own terminal and their own files. Decision 51.
"""
