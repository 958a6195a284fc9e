"""What desk, portal and API share: the application and its server, the edge, headers, languages, limits of tries."""
