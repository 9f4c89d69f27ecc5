/* tls/pkcs11.h — the part of PKCS#11's interface (OASIS, version 2.40; Cryptoki) that signing with
 * a token needs. Names are the standard's, without its capitals. */
#ifndef ANYCERT_TLS_PKCS11_H
#define ANYCERT_TLS_PKCS11_H

typedef unsigned long ck_ulong;
typedef ck_ulong ck_rv, ck_slot, ck_session, ck_object;

#define CKR_OK                           0x00UL
#define CKR_SLOT_ID_INVALID              0x03UL
#define CKR_DEVICE_REMOVED               0x32UL
#define CKR_KEY_HANDLE_INVALID           0x60UL
#define CKR_OBJECT_HANDLE_INVALID        0x82UL
#define CKR_PIN_INCORRECT                0xA0UL
#define CKR_PIN_INVALID                  0xA1UL
#define CKR_PIN_LEN_RANGE                0xA2UL
#define CKR_PIN_EXPIRED                  0xA3UL
#define CKR_PIN_LOCKED                   0xA4UL
#define CKR_SESSION_CLOSED               0xB0UL
#define CKR_SESSION_HANDLE_INVALID       0xB3UL
#define CKR_TOKEN_NOT_PRESENT            0xE0UL
#define CKR_USER_ALREADY_LOGGED_IN       0x100UL
#define CKR_USER_NOT_LOGGED_IN           0x101UL
#define CKR_USER_PIN_NOT_INITIALIZED     0x102UL
#define CKR_BUFFER_TOO_SMALL             0x150UL
#define CKR_CRYPTOKI_NOT_INITIALIZED     0x190UL
#define CKR_CRYPTOKI_ALREADY_INITIALIZED 0x191UL

#define CKF_OS_LOCKING_OK                 0x02UL /* arguments of C_Initialize */
#define CKF_SERIAL_SESSION                0x04UL /* sessions */
#define CKF_LOGIN_REQUIRED                0x04UL /* tokens */
#define CKF_USER_PIN_INITIALIZED          0x08UL
#define CKF_PROTECTED_AUTHENTICATION_PATH 0x100UL
#define CKF_TOKEN_INITIALIZED             0x400UL
#define CKF_USER_PIN_LOCKED               0x40000UL

#define CKU_USER             1UL
#define CKU_CONTEXT_SPECIFIC 2UL

#define CKO_CERTIFICATE         1UL
#define CKO_PRIVATE_KEY         3UL
#define CKC_X_509               0UL
#define CKK_RSA                 0UL
#define CKK_EC                  3UL
#define CKK_EC_EDWARDS          0x40UL
#define CKA_CLASS               0x00UL
#define CKA_LABEL               0x03UL
#define CKA_VALUE               0x11UL
#define CKA_CERTIFICATE_TYPE    0x80UL
#define CKA_KEY_TYPE            0x100UL
#define CKA_SUBJECT             0x101UL
#define CKA_ID                  0x102UL
#define CKA_ALWAYS_AUTHENTICATE 0x202UL

#define CKM_RSA_PKCS     0x01UL
#define CKM_RSA_PKCS_PSS 0x0DUL
#define CKM_ECDSA        0x1041UL
#define CKM_EDDSA        0x1057UL
#define CKM_SHA_1        0x220UL
#define CKM_SHA256       0x250UL
#define CKM_SHA224       0x255UL
#define CKM_SHA384       0x260UL
#define CKM_SHA512       0x270UL
#define CKG_MGF1_SHA1    1UL
#define CKG_MGF1_SHA256  2UL
#define CKG_MGF1_SHA384  3UL
#define CKG_MGF1_SHA512  4UL
#define CKG_MGF1_SHA224  5UL

struct ck_version {
    unsigned char major, minor;
};
struct ck_attribute {
    ck_ulong type;
    void *value;
    ck_ulong len;
};
struct ck_mechanism {
    ck_ulong mechanism;
    void *parameter;
    ck_ulong parameter_len;
};
struct ck_pss_params {
    ck_ulong hash, mgf, salt_len;
};
struct ck_initialize_args {
    void *create_mutex, *destroy_mutex, *lock_mutex, *unlock_mutex;
    ck_ulong flags;
    void *reserved;
};
/* Text is padded with spaces and has no end. */
struct ck_token_info {
    unsigned char label[32], manufacturer[32], model[16], serial[16];
    ck_ulong flags;
    ck_ulong counts_and_limits[10];
    struct ck_version hardware, firmware;
    unsigned char utc_time[16];
};

/* Functions in the standard's order; those that nobody here calls are only counted. */
typedef ck_rv ck_unused(void);
struct ck_functions {
    struct ck_version version;
    ck_rv (*initialize)(struct ck_initialize_args *args);
    ck_rv (*finalize)(void *reserved);
    ck_unused *get_info, *get_function_list;
    ck_rv (*get_slot_list)(unsigned char token_present, ck_slot *list, ck_ulong *count);
    ck_unused *get_slot_info;
    ck_rv (*get_token_info)(ck_slot slot, struct ck_token_info *info);
    ck_unused *get_mechanism_list, *get_mechanism_info, *init_token, *init_pin, *set_pin;
    ck_rv (*open_session)(ck_slot slot, ck_ulong flags, void *application, void *notify,
                          ck_session *session);
    ck_rv (*close_session)(ck_session session);
    ck_rv (*close_all_sessions)(ck_slot slot);
    ck_unused *get_session_info, *get_operation_state, *set_operation_state;
    ck_rv (*login)(ck_session session, ck_ulong user, unsigned char *pin, ck_ulong pin_len);
    ck_unused *logout, *create_object, *copy_object, *destroy_object, *get_object_size;
    ck_rv (*get_attribute_value)(ck_session session, ck_object object,
                                 struct ck_attribute *attributes, ck_ulong count);
    ck_unused *set_attribute_value;
    ck_rv (*find_objects_init)(ck_session session, struct ck_attribute *attributes, ck_ulong count);
    ck_rv (*find_objects)(ck_session session, ck_object *objects, ck_ulong max, ck_ulong *count);
    ck_rv (*find_objects_final)(ck_session session);
    ck_unused *encrypt[4], *decrypt[4], *digest[5];
    ck_rv (*sign_init)(ck_session session, struct ck_mechanism *mechanism, ck_object key);
    ck_rv (*sign)(ck_session session, unsigned char *data, ck_ulong len, unsigned char *signature,
                  ck_ulong *signature_len);
};
typedef ck_rv ck_get_function_list(struct ck_functions **list);

#endif
