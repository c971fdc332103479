/* SPDX-License-Identifier: MIT */
/* The tables as version 1 made them, word for word, with a little in each: what homes of
 * that time hold. Never to be changed. */
#ifndef TESTS_UNIT_STORE_SCHEMA_1_H
#define TESTS_UNIT_STORE_SCHEMA_1_H

#define SCHEMA_1                                                                         \
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), marker BLOB NOT NULL);"     \
    "INSERT INTO meta VALUES(1, zeroblob(32));"                                          \
    "CREATE TABLE peers(no INTEGER PRIMARY KEY, id BLOB NOT NULL, name TEXT NOT NULL,"   \
    " name_hlc INTEGER NOT NULL, last_seen INTEGER NOT NULL, host TEXT NOT NULL,"        \
    " port INTEGER NOT NULL, is_contact INTEGER NOT NULL);"                              \
    "CREATE TABLE rooms(no INTEGER PRIMARY KEY, id BLOB NOT NULL,"                       \
    " kind INTEGER NOT NULL, name TEXT NOT NULL, peer INTEGER NOT NULL);"                \
    "CREATE TABLE logs(no INTEGER PRIMARY KEY, room INTEGER NOT NULL,"                   \
    " author INTEGER NOT NULL, log BLOB NOT NULL, class INTEGER NOT NULL,"               \
    " base INTEGER NOT NULL, seq_first INTEGER NOT NULL);"                               \
    "CREATE TABLE events(key INTEGER PRIMARY KEY, room INTEGER NOT NULL,"                \
    " hlc INTEGER NOT NULL, kind INTEGER NOT NULL, seen INTEGER NOT NULL,"               \
    " arrival INTEGER NOT NULL, id BLOB NOT NULL, own BLOB NOT NULL, signature BLOB,"    \
    " content BLOB);"                                                                    \
    "CREATE INDEX events_by_time ON events(room, hlc);"                                  \
    "CREATE TABLE arrivals(first INTEGER PRIMARY KEY, log INTEGER NOT NULL,"             \
    " seq INTEGER NOT NULL, count INTEGER NOT NULL);"                                    \
    "CREATE TABLE acks(log INTEGER NOT NULL, peer INTEGER NOT NULL,"                     \
    " seq INTEGER NOT NULL, PRIMARY KEY(log, peer)) WITHOUT ROWID;"                      \
    "CREATE VIRTUAL TABLE search USING fts5(text, content = '',"                         \
    " tokenize = 'unicode61 remove_diacritics 2');"                                      \
    "CREATE TABLE search_state(id INTEGER PRIMARY KEY CHECK(id = 1),"                    \
    " next INTEGER NOT NULL);"                                                           \
    "INSERT INTO search_state VALUES(1, 1);"                                             \
    "PRAGMA application_id = 1802073192; PRAGMA user_version = 1;"

#define SCHEMA_1_ROWS                                                                    \
    "INSERT INTO peers VALUES(1, zeroblob(32), 'bob', 5, 7, '10.0.0.1', 4747, 1);"       \
    "INSERT INTO rooms VALUES(1, zeroblob(32), 1, 'lobby', 0);"                          \
    "INSERT INTO rooms VALUES(2, zeroblob(32), 2, '', 1);"                               \
    "INSERT INTO logs VALUES(1, 1, 1, zeroblob(16), 0, 0, 1);"                           \
    "INSERT INTO events VALUES(1099511627777, 1, 9, 1, 9, 1, zeroblob(32), x'00',"       \
    " zeroblob(64), x'00');"                                                             \
    "INSERT INTO arrivals VALUES(1, 1, 1, 1);"                                           \
    "INSERT INTO acks VALUES(1, 1, 1);"

#endif
