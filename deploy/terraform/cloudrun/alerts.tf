# What the log says of causes, counted: the service logs JSON, which Cloud Logging reads with its severity.
locals {
  from_the_service = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${google_cloud_run_v2_service.service.name}\""

  counted_lines = {
    bugs     = "jsonPayload.message=\"a request hit a bug\""
    refusals = "jsonPayload.message=~\"^the model .* was refused\""
    canaries = "jsonPayload.message=\"the canary got a wrong answer or none\""
  }

  alerts_on_lines = {
    bugs     = { name = "A request hit a bug", runbook = "docs/runbooks/availability.md" }
    refusals = { name = "A new model was refused", runbook = "docs/runbooks/reload.md" }
    canaries = { name = "A prediction was not that of the model", runbook = "docs/runbooks/correctness.md" }
  }
}

resource "google_logging_metric" "lines" {
  for_each = local.counted_lines
  name     = "${var.name}/${each.key}"
  filter   = "${local.from_the_service} AND ${each.value}"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_alert_policy" "lines" {
  for_each              = local.alerts_on_lines
  display_name          = "${var.name}: ${each.value.name}"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = each.value.name
    condition_threshold {
      filter          = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.lines[each.key].name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
      trigger {
        count = 1
      }
    }
  }

  documentation {
    content   = "Runbook: ${each.value.runbook}"
    mime_type = "text/markdown"
  }
}

# The share of answers that are 5xx, as Google's front end sees it; 1.44 % for an hour is what 14.4 times the budget of
# 99.9 % is in deploy/slo.yaml.
resource "google_monitoring_alert_policy" "availability" {
  display_name          = "${var.name}: predictions are not answered"
  combiner              = "AND"
  notification_channels = var.notification_channels

  dynamic "conditions" {
    for_each = { "5 minutes" = "300s", "1 hour" = "3600s" }
    content {
      display_name = "more than 1.44 % of the answers of ${conditions.key} are 5xx"
      condition_threshold {
        filter             = "${local.from_the_service} AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code_class=\"5xx\""
        denominator_filter = "${local.from_the_service} AND metric.type=\"run.googleapis.com/request_count\""
        comparison         = "COMPARISON_GT"
        threshold_value    = 0.0144
        duration           = "0s"
        aggregations {
          alignment_period     = conditions.value
          per_series_aligner   = "ALIGN_RATE"
          cross_series_reducer = "REDUCE_SUM"
        }
        denominator_aggregations {
          alignment_period     = conditions.value
          per_series_aligner   = "ALIGN_RATE"
          cross_series_reducer = "REDUCE_SUM"
        }
        trigger {
          count = 1
        }
      }
    }
  }

  documentation {
    content   = "Runbook: docs/runbooks/availability.md"
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "latency" {
  display_name          = "${var.name}: answers are slow"
  combiner              = "OR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "99 % took longer than 50 ms, for ten minutes"
    condition_threshold {
      filter          = "${local.from_the_service} AND metric.type=\"run.googleapis.com/request_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = 50
      duration        = "600s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_99"
      }
      trigger {
        count = 1
      }
    }
  }

  documentation {
    content   = "Runbook: docs/runbooks/latency.md. Batches are in it as well: raise the threshold where they are the rule."
    mime_type = "text/markdown"
  }
}
