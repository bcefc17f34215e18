"""The filing room: what an entry is to CBP. It knows statuses and their transitions, checks, entry numbers and ports;
it leaves rows to the store and sending to the services."""
