{{- define "latchkey.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "latchkey.selector" -}}
app.kubernetes.io/name: latchkey
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "latchkey.labels" -}}
{{ include "latchkey.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "latchkey.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "latchkey.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "latchkey.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{- define "latchkey.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "latchkey.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* The keys of the Secret that the bot reads, and the variables that name their files. */}}
{{- define "latchkey.secrets" -}}
database-url: DATABASE_URL_FILE
slack-bot-token: SLACK_BOT_TOKEN_FILE
audit-key: LATCHKEY_AUDIT_KEY_FILE
{{- if eq .Values.slack.mode "socket" }}
slack-app-token: SLACK_APP_TOKEN_FILE
{{- else }}
slack-signing-secret: SLACK_SIGNING_SECRET_FILE
{{- end }}
{{- if eq .Values.entra.credential "certificate" }}
entra-certificate: AZURE_CLIENT_CERTIFICATE_PATH
{{- else if eq .Values.entra.credential "secret" }}
entra-secret: AZURE_CLIENT_SECRET_FILE
{{- end }}
{{- range $key, $setting := .Values.moreSecrets }}
{{ $key }}: {{ $setting }}_FILE
{{- end }}
{{- end }}
