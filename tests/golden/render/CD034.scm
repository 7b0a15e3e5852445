missing dorp
