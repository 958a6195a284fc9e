"""The fork: go on collecting, settle, place with an agency, sue, sell or stop, by what each is expected to bring."""
