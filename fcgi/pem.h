/*
 * pem: is this text certificates, and nothing but certificates?
 *
 * Pure, and no parser of X.509: it sees that each block is base64 of one DER
 * sequence, whole.  What is in a certificate is for who uses it to judge.
 */
#ifndef FCGI_PEM_H
#define FCGI_PEM_H

/*
 * NULL if it is one or more certificates, with or without text around them;
 * else what is wrong, a literal that continues "ca_pem ...".
 */
const char *pem_why_not(const char *text);

#endif
