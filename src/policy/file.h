/* policy/file.h — the inside of policy files, for the layers above. */
#ifndef ANYCERT_POLICY_FILE_INSIDE_H
#define ANYCERT_POLICY_FILE_INSIDE_H

#include <anycert/policy_file.h>

/* One more who holds the file. NULL gives NULL. */
struct anycert_policy_file *anycert__policy_file_ref(struct anycert_policy_file *file);
size_t anycert__policy_file_count(const struct anycert_policy_file *file);
/* The place of an entry among the file's, from 0. */
size_t anycert__policy_entry_index(const struct anycert_policy_entry *entry);
/* 0 if this version can carry out every entry, else -1 with POLICY_UNAVAILABLE and its place. */
int anycert__policy_file_available(const struct anycert_policy_file *file,
                                   struct anycert_error *err);

#endif
