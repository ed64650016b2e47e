-- Run once by a superuser through psql, with OWNER_PASSWORD and APP_PASSWORD in the environment:
--     psql -X -d postgres -f init.sql
-- gp_owner owns the databases and migrates them; gp_app works on rows and nothing else. gp_app must never own a table, be
-- a superuser or bypass row-level security: the area scope is forced on it by the database.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD

CREATE ROLE gp_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE gp_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';

-- Privileges are settled once, in a template that every service's database is a copy of.
CREATE DATABASE gp_template;
\connect gp_template
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO gp_app;
ALTER DEFAULT PRIVILEGES FOR ROLE gp_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO gp_app;
ALTER DEFAULT PRIVILEGES FOR ROLE gp_owner GRANT USAGE ON SEQUENCES TO gp_app;

\connect postgres
SELECT format(statement, 'gp_' || service)
FROM unnest(ARRAY['affairs', 'audit', 'contracts', 'evaluation', 'gateway', 'payroll', 'recruitment', 'registry']) AS service,
     unnest(ARRAY[
         'CREATE DATABASE %I OWNER gp_owner TEMPLATE gp_template',
         'REVOKE ALL ON DATABASE %I FROM PUBLIC',
         'GRANT CONNECT ON DATABASE %I TO gp_app'
     ]) WITH ORDINALITY AS step (statement, place)
ORDER BY service, place \gexec
DROP DATABASE gp_template;
