"""Why a mail is not sent after all, in words for the school."""

CHANGED = "Le compte a changé depuis la notification (activé, notifié de nouveau ou réinitialisé)."
GONE = "Le compte n’a plus d’élève dans l’établissement."
DEAD = "Le mot de passe provisoire a expiré avant l’envoi."
NO_ADDRESS = "Le compte n’a plus d’adresse mail."
UNREADABLE = "Le mot de passe provisoire ne peut pas être lu."
LINK_VOID = "Le compte a changé depuis (activé, fermé, ou lien renvoyé) : ce lien n’a plus d’objet."
CLOSED = "Le compte, sans élève depuis trop longtemps, est fermé."
